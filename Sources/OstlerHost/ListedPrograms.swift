package import OstlerSandbox
package import OstlerSystem

/// The lists of programs of one executor and the files that they mean here, which are looked up again when those have
/// been changed, as by an upgrade of the machine.
@LoopActor
package final class ListedPrograms {
    package nonisolated let lists: ProgramLists
    private var fence: ProgramFence?
    private let onChange: (_ old: ProgramFence) -> Void

    /// - Parameter onChange: told of a fence that is no longer what the files are.
    package init(_ lists: ProgramLists, onChange: @escaping (_ old: ProgramFence) -> Void) {
        self.lists = lists
        self.onChange = onChange
    }

    /// nil if there are no lists.
    /// - Parameter isStale: whether something else has shown that the files are others now.
    package func current(isStale: Bool = false) -> ProgramFence? {
        if lists.isEmpty { return nil }
        if let fence {
            if !isStale, fence.isCurrent { return fence }
            onChange(fence)
        }
        let found = ProgramFence(lists)
        fence = found
        return found
    }
}
