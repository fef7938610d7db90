internal import OstlerJSON
internal import OstlerTasks

/// One thing that the doctor tried.
struct DoctorCheck: Sendable {
    enum Status: String, Sendable {
        case ok
        /// Tasks run without it, less well fenced or limited.
        case missing
        case failed
    }

    let name: String
    var status = Status.ok
    /// What was found.
    let detail: String
    /// Why it is so, as far as known.
    var cause: String?
    /// What to do.
    var fix: String?

    static func ok(_ name: String, _ detail: String) -> DoctorCheck { DoctorCheck(name: name, detail: detail) }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("check", name)
        writer.member("status", status.rawValue)
        writer.member("detail", detail)
        if let cause {
            writer.member("cause", cause)
        }
        if let fix {
            writer.member("fix", fix)
        }
        writer.endObject()
    }
}

// MARK: All of them

extension DoctorCheck {
    /// 0 if all is well, 2 if something is missing, 5 if something failed.
    static func exitCode(_ checks: [DoctorCheck]) -> Int32 {
        if checks.contains(where: { $0.status == .failed }) { return Outcome.sandboxError.exitCode }
        return checks.contains { $0.status == .missing } ? Outcome.partial.exitCode : 0
    }

    /// A table, and what to do about what is wrong.
    static func text(_ checks: [DoctorCheck]) -> String {
        var table = Table(["", "CHECK", "DETAIL"])
        for check in checks { table.add([check.status.rawValue, check.name, check.detail]) }
        let advice = checks.filter { $0.status != .ok }.map { check in
            "\n\(check.name)\n" + (check.cause.map { "  cause: \($0)\n" } ?? "")
                + (check.fix.map { "  fix: \($0)\n" } ?? "")
        }
        return table.text + advice.joined()
    }

    /// One document.
    static func json(_ checks: [DoctorCheck]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("checks")
        writer.beginArray()
        for check in checks { check.encode(into: &writer) }
        writer.endArray()
        writer.endObject()
        writer.newline()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
