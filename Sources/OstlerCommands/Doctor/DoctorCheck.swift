internal import OstlerJSON

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
        writer.key("check")
        writer.string(name)
        writer.key("status")
        writer.string(status.rawValue)
        writer.key("detail")
        writer.string(detail)
        if let cause {
            writer.key("cause")
            writer.string(cause)
        }
        if let fix {
            writer.key("fix")
            writer.string(fix)
        }
        writer.endObject()
    }
}
