import OstlerJSON
import OstlerProtocol
import OstlerResources
import Testing

@Suite struct ResourceMembersTests {
    @Test(arguments: [
        ("exec: [{a: {}}]", "/payload/command", "/command"), ("exec: [{a: {}}]", "/payload/working_dir", "/cwd"),
        ("exec: [{a: {}}]", "/payload/env/PATH", "/environment"), ("exec: [{a: {}}]", "/payload/args/0", nil),
        ("exec: [{a: {}}]", "/sandbox/profile", "/sandbox/profile"),
        ("task: [{a: {executor: x, payload: {}}}]", "/payload/working_dir", "/payload/working_dir"),
    ])
    func `A failure of a task names the member that its resource has`(
        _ text: String,
        _ pointer: String,
        _ own: String?
    ) throws {
        let resource = try #require(try readManifest(["site.yaml": "- \(text)"]).resources.first)
        let failure = Failure("c", fault: .user, message: "m", pointer: JSONPointer(pointer))
        #expect(resource.inItsMembers(failure).pointer?.description == own)
    }
}
