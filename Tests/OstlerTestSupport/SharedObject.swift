internal import Glibc

/// A shared object that is compiled for tests.
public enum SharedObject {
    /// Compiles a source file of the package with the C compiler of the machine.
    ///
    /// - Parameters:
    ///   - source: a path below the package's root.
    ///   - options: more words for the compiler.
    /// - Returns: what the compiler made.
    public static func compile(_ source: String, _ options: [String] = []) throws -> [UInt8] {
        try build("/usr/bin/cc", ["-std=gnu17", "-Wall", "-O1", "-shared", "-fPIC"] + options, source)
    }

    /// The library of an example in `sdk/library/examples`, as its own script builds it.
    public static func example(_ language: String) throws -> [UInt8] {
        try withTemporaryDirectory { directory in
            let object = directory.file("object.so")
            let script = Surroundings.packageRoot() + "/sdk/library/examples/\(language)/build"
            guard exitStatus(of: script, [object]) == 0 else { throw TestSupportFailure(script, object) }
            return try contents(ofFile: object)
        }
    }

    /// Compiles a source file with `compiler`, which takes `-o FILE`.
    public static func build(_ compiler: String, _ options: [String], _ source: String) throws -> [UInt8] {
        try withTemporaryDirectory { directory in
            let object = directory.file("object.so")
            let path = Surroundings.packageRoot() + "/" + source
            guard exitStatus(of: compiler, options + ["-o", object, path]) == 0 else {
                throw TestSupportFailure(compiler, path)
            }
            return try contents(ofFile: object)
        }
    }
}
