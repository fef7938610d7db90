internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

/// Ends a command whose trouble has been told already.
struct Exit: Error {
    let code: Int32

    init(_ outcome: Outcome) {
        code = outcome.exitCode
    }
}

extension Failure {
    /// That of sysexits.h for what may be tried again later.
    static let tryLater: Int32 = 75

    /// The exit code of a command that ends with it.
    var exitCode: Int32 {
        if storeCode == .queueFull { return Self.tryLater }
        return fault == .user ? Outcome.invalid.exitCode : Outcome.infra.exitCode
    }
}
