internal import OstlerJSON
internal import OstlerProtocol

/// Names another task or resource: `task#t1`, `file#/etc/app.conf`. The name may be its alias.
package struct GuardReference: Sendable, Hashable, CustomStringConvertible {
    package let type: String
    package let name: String

    package init(type: String, name: String) {
        (self.type, self.name) = (type, name)
    }

    /// Reads `type#name`; nil for a text that has not exactly one `#` with something on both sides.
    package init?(_ text: String) {
        let parts = text.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        self.init(type: String(parts[0]), name: String(parts[1]))
    }

    package var description: String { "\(type)#\(name)" }

    /// Names are those of files, too: what is spelled with other bytes is another one.
    package static func == (left: GuardReference, right: GuardReference) -> Bool {
        ExactKey(left.type) == ExactKey(right.type) && ExactKey(left.name) == ExactKey(right.name)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ExactKey(type))
        hasher.combine(ExactKey(name))
    }
}

/// What came last of a task or resource that others name.
package struct PriorEvent: Sendable, Equatable {
    /// It was executed, or would have been: who subscribes to it is executed too.
    package var changed: Bool
    /// It failed, or its own requirements were unmet: what requires it is skipped.
    package var isUnmet: Bool

    package init(changed: Bool, isUnmet: Bool) {
        (self.changed, self.isUnmet) = (changed, isUnmet)
    }
}

extension Failure {
    /// A reference to what nothing is known of.
    /// - Parameter word: the member that has it, `subscribe` or `require`.
    static func unknownReference(_ reference: GuardReference, in word: String) -> Failure {
        Failure(
            "unknown_reference",
            fault: .user,
            message:
                "\(word) names \(Quotation.text(reference.description, longest: 80)), of which nothing has been heard",
            hint: "name what stands before it, by its name or its alias"
        )
    }
}
