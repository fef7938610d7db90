package import OstlerProtocol

extension Failure {
    package static func notEmpty(_ path: String) -> Failure {
        Failure(
            "not_removed",
            fault: .task,
            message: "\(path): the directory is not empty",
            hint: "a directory is removed only when it is empty: name what is in it"
        )
    }

    package static func noParent(_ path: String) -> Failure {
        Failure(
            "no_directory",
            fault: .task,
            message: "the directory \(path) does not exist",
            hint: "let a resource before it make it, with ensure: directory"
        )
    }

    package static func isDirectory(_ path: String) -> Failure {
        Failure(
            "is_directory",
            fault: .task,
            message: "\(path) is a directory, and a file is to be there",
            hint: "remove it first: nothing is deleted that is not named"
        )
    }

    package static func notDirectory(_ path: String) -> Failure {
        Failure(
            "not_a_directory",
            fault: .task,
            message: "\(path) is there and is not a directory",
            hint: "remove it first, or name another path"
        )
    }
}
