import OstlerJSON
import OstlerProtocol
import Testing

@Suite struct `Workspaces as JSON` {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `a hook carries its executor, the place and what it is about`() throws {
        let place = WorkspacePlace(workspace: "w1", handle: bytes(#"{"pod":7}"#), job: "build")
        try checkCoding(
            WorkspaceRequest(executor: "pods", place: place, spec: bytes(#"{"image":"x"}"#)),
            json: #"{"executor":"pods","workspace":{"id":"w1","job":"build","handle":{"pod":7}},"spec":{"image":"x"}}"#
        )
        let artifact = WorkspaceRequest.Artifact(name: "out", path: "a/b", saved: bytes("[1]"))
        let request = WorkspaceRequest(executor: "pods", place: WorkspacePlace(workspace: "w1"), artifact: artifact)
        try checkCoding(
            request,
            json: #"{"executor":"pods","workspace":{"id":"w1"},"name":"out","path":"a/b","artifact":[1]}"#
        )
        try checkRequired(["executor", "workspace"], of: request)
        try checkRequired(["id"], of: WorkspacePlace(workspace: "w1"))
    }

    @Test func `a hook answers with a handle, a description, or nothing`() throws {
        try checkCoding(WorkspaceResult(handle: bytes("null")), json: #"{"handle":null}"#)
        try checkCoding(WorkspaceResult(artifact: bytes(#"{"n":1}"#)), json: #"{"artifact":{"n":1}}"#)
        try checkCoding(WorkspaceResult(), json: "{}")
    }

    @Test func `a task may have a place`() throws {
        var request = ExecuteRequest(task: "t", executor: "x", runID: "r", principal: "p", payload: bytes("{}"))
        request.place = WorkspacePlace(workspace: "w", handle: bytes("0"), job: "j")
        try checkCoding(
            request,
            json: #"{"task":"t","executor":"x","run_id":"r","principal":"p","attempt":1,"#
                + #""workspace":{"id":"w","job":"j","handle":0},"payload":{}}"#
        )
    }

    @Test func `only what cleans up may be asked again`() {
        let repeatable = WorkspaceHook.allCases.filter(\.isRepeatable).map { "\($0.method)" }
        #expect(repeatable == ["job/cleanup", "workspace/cleanup"])
    }
}

extension WorkspacePlace: Coded {}
extension WorkspaceRequest: Coded {}
extension WorkspaceResult: Coded {}
