internal import COstlerShims

/// Files that nobody can find: what is in them goes away with the last descriptor, however the process ends.
package enum NamelessFile {
    /// Makes one for reading and writing; the descriptor is the caller's to close.
    package static func make(in directory: String) throws(SystemFailure) -> Int32 {
        try Errno.check(ostler_nameless_file(directory), "open(O_TMPFILE)")
    }
}
