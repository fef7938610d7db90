internal import COstlerLaunch
internal import Glibc

/// What a process in a sandbox could do with a path, as the kernel answered it there. Each is 0 or an errno.
package struct ViewAnswer: Sendable, Equatable {
    package let found: Int32
    /// Of a directory: its names.
    package let read: Int32
    /// Of a directory: to make something in it.
    package let write: Int32
    /// EISDIR for a directory.
    package let execute: Int32
    package let mode: UInt32
    package let isOnReadOnly: Bool
    /// Whether the mount that it lies on forbids execution.
    package let isOnNoExecute: Bool
    /// Without links, as the sandbox has it; empty if it is not there.
    package let path: String
    /// False: the kernel is too old to be asked, and `execute` is what permissions and the mount say of it.
    package let isExecuteAsked: Bool

    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }

    /// `ST_RDONLY` and `ST_NOEXEC` of statvfs(3), of which the second is not imported.
    private static let (readOnly, noExecute): (UInt64, UInt64) = (1, 8)

    private init(_ body: ostler_answer, path: String) {
        self.path = path
        found = body.found
        read = Self.permission(body.read)
        write = Self.permission(body.write)
        mode = body.mode
        isOnNoExecute = body.mount_flags & Self.noExecute != 0
        isOnReadOnly = body.mount_flags & Self.readOnly != 0
        isExecuteAsked = body.execute != EINVAL
        execute = isExecuteAsked ? body.execute : isOnNoExecute ? EACCES : body.access
    }

    /// What nobody has at its other end, as a pipe or a terminal, could be opened if somebody had.
    private static func permission(_ errno: Int32) -> Int32 { errno == ENXIO ? 0 : errno }

    /// Reads the answers to as many questions; nil if they are not what was asked for.
    package static func all(_ bytes: [UInt8], count: Int) -> [ViewAnswer]? {
        var answers: [ViewAnswer] = []
        var rest = bytes[...]
        let size = MemoryLayout<ostler_answer>.size
        while rest.count >= size {
            let body = rest.withUnsafeBytes { $0.loadUnaligned(as: ostler_answer.self) }
            rest = rest.dropFirst(size)
            guard rest.count >= Int(body.path_size) else { return nil }
            let path = String(decoding: rest.prefix(Int(body.path_size)), as: UTF8.self)
            answers.append(ViewAnswer(body, path: path))
            rest = rest.dropFirst(Int(body.path_size))
        }
        return rest.isEmpty && answers.count == count ? answers : nil
    }
}
