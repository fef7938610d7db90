/// When a task or resource is not to be executed, what counts as its success, and whom it listens to.
package struct TaskGuards: Sendable, Equatable {
    /// The gate before everything else: what it keeps out is not looked at any further.
    package struct Control: Sendable, Equatable {
        /// Nil for nothing said.
        package var `if`: Bool?
        /// Nil for nothing said.
        package var unless: Bool?

        package init(if: Bool? = nil, unless: Bool? = nil) {
            (self.if, self.unless) = (`if`, unless)
        }

        /// Whether it lets pass.
        package var admits: Bool { (self.if ?? true) && !(unless ?? false) }
    }

    package var control = Control()
    /// What must not have failed.
    package var require: [GuardReference] = []
    /// What it is executed after, whatever the other guards say, if it changed.
    package var subscribe: [GuardReference] = []
    /// A path that makes the execution needless by existing; relative to the task's directory unless it begins with `/`.
    package var creates: String?
    /// It is executed only if this ends with exit code 0.
    package var onlyif: GuardCommand?
    /// It is not executed if this ends with exit code 0.
    package var unless: GuardCommand?
    /// It is only ever executed because of ``subscribe``.
    package var refreshOnly = false
    /// The exit codes that are success.
    package var returns = ReturnCodes.zero
    /// A second name for references.
    package var alias: String?

    package init() {}

    /// Whether it says nothing at all: such a task is executed in any case.
    package var isEmpty: Bool { self == TaskGuards() }

    /// Whether the machine must be asked before it can be decided.
    package var asksTheMachine: Bool { creates != nil || onlyif != nil || unless != nil }
}

/// Exit codes that are success.
package struct ReturnCodes: Sendable, Equatable, CustomStringConvertible {
    /// In the order in which they were written.
    package let codes: [Int32]

    /// What a process can end with.
    package static let range: ClosedRange<Int32> = 0...255
    package static let zero = ReturnCodes([0])

    /// - Parameter codes: none stands for 0 alone.
    package init(_ codes: [Int32]) {
        self.codes = codes.isEmpty ? [0] : codes
    }

    package func contains(_ code: Int32) -> Bool { codes.contains(code) }

    /// `[0, 2]`.
    package var description: String { "[" + codes.map(String.init).joined(separator: ", ") + "]" }
}
