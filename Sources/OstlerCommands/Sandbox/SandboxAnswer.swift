internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// What can be done with a path in a sandbox, as the kernel said there, and which line of the plan decides it.
struct SandboxAnswer: Sendable {
    /// One of reading, writing and executing.
    struct Right: Sendable {
        let errno: Int32
        /// Why not; nil if it may.
        let reason: String?

        var isGranted: Bool { errno == 0 }
    }

    private let question: String
    private let path: String
    private let answer: ViewAnswer
    private let read: Right
    private let write: Right
    private let execute: Right
    private let step: String
    private let origin: String
    /// What the lists say of a program, where one was asked about.
    private let denial: Failure?

    init(
        _ question: String,
        at path: String,
        _ answer: ViewAnswer,
        _ denial: Failure?,
        _ steps: [PlanStep],
        _ explanation: SandboxExplanation
    ) {
        self.question = question
        self.answer = answer
        self.denial = denial
        self.path = answer.path.isEmpty ? path : answer.path
        let step = PlanStep.deciding(self.path, among: steps)
        self.step = step?.summary ?? "the sandbox's own root, read-only"
        origin = step.map(explanation.origin) ?? explanation.profile
        let reasons = Reasons(answer: answer, isHidden: step?.isMask == true)
        read = Right(errno: answer.read, reason: reasons.ofReading(answer.read))
        write = Right(errno: answer.write, reason: reasons.ofWriting(answer.write))
        execute = Right(errno: answer.execute, reason: reasons.ofExecuting(answer.execute, explanation.listsOrigin))
    }

    var text: String {
        let name = path == question ? question : "\(question) is \(path)"
        guard answer.found == 0 else { return "\(name)\n" + row("there", read) + decided + verdict }
        let access =
            answer.isDirectory
            ? [("list", read), ("write", write)] : [("read", read), ("write", write), ("execute", execute)]
        return "\(name)\n" + access.map { row($0.0, $0.1) }.joined() + decided + verdict
    }

    private func row(_ name: String, _ right: Right) -> String {
        "  \(name)" + String(repeating: " ", count: 9 - name.count) + (right.reason.map { "no: \($0)" } ?? "yes") + "\n"
    }

    private var decided: String { "  by       \(step) (\(origin))\n" }

    private var verdict: String { denial.map { "  denied   \($0.message)\n" } ?? "" }

    var json: JSONValue {
        var object = JSONObject([
            ("question", .string(question)), ("path", .string(path)), ("exists", .bool(answer.found == 0)),
            ("directory", .bool(answer.isDirectory)), ("read", Self.json(read)), ("write", Self.json(write)),
        ])
        if !answer.isDirectory { object["execute"] = Self.json(execute) }
        object["decided_by"] = ["step": .string(step), "origin": .string(origin)]
        if let denial { object["denied"] = .string(denial.message) }
        return .object(object)
    }

    private static func json(_ right: Right) -> JSONValue {
        var object = JSONObject([("allowed", .bool(right.isGranted))])
        if !right.isGranted { object["errno"] = .number(.int(Int64(right.errno))) }
        if let reason = right.reason { object["reason"] = .string(reason) }
        return .object(object)
    }
}

/// What an errno means where it came from.
private struct Reasons {
    let answer: ViewAnswer
    let isHidden: Bool

    private var permissions: String { "its permissions are \(String(answer.mode & 0o7777, radix: 8))" }

    func ofReading(_ errno: Int32) -> String? {
        switch errno {
        case 0: nil
        case ENOENT: "nothing is there: no grant shows it, or it does not exist"
        case EROFS: "it lies on what is read-only"
        case EACCES where isHidden: "it is hidden"
        case EACCES where answer.found == 0: permissions
        default: Errno.message(errno)
        }
    }

    func ofWriting(_ errno: Int32) -> String? {
        // The kernel looks at permissions first, and there are two reasons then.
        let isReadOnly = errno == EACCES && answer.isOnReadOnly && !isHidden
        return ofReading(isReadOnly ? EROFS : errno)
    }

    func ofExecuting(_ errno: Int32, _ lists: String) -> String? {
        switch errno {
        case EACCES where isHidden: "it is hidden"
        case EACCES where answer.isOnNoExecute: "nothing on that mount is executed (\(lists))"
        case EACCES where answer.mode & 0o111 == 0: permissions
        case EACCES: "Landlock, permissions, or those of its interpreter are against it"
        case ENOENT where answer.found == 0: "the interpreter that it names is not there"
        default: ofReading(errno)
        }
    }
}

extension PlanStep {
    /// The line of a plan that shows a path of the view, or hides it: the last of those nearest to it.
    static func deciding(_ path: String, among steps: [PlanStep]) -> PlanStep? {
        var best: (step: PlanStep, length: Int)?
        for step in steps {
            guard let target = step.target, SandboxGrant.holds(target, path) else { continue }
            if target.utf8.count >= best?.length ?? 0 { best = (step, target.utf8.count) }
        }
        return best?.step
    }

    var isMask: Bool { if case .mask = self { true } else { false } }

    /// The place in the view that it is about.
    private var target: String? {
        switch self {
        case .directory(let path, _), .file(let path, _), .proc(let path), .tmpfs(let path, _, _, _): path
        case .bind(_, let target, _), .hostFile(_, let target, _, _): target
        case .symlink(_, let path), .mask(let path, _): path
        case .devices: "/dev"
        default: nil
        }
    }
}
