internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol

/// Why a sandbox is not given as it was asked for.
extension Failure {
    static func unknownProfile(_ name: String, _ known: [String], isOption: Bool) -> Failure {
        Failure(
            "profile_unavailable",
            fault: .user,
            message: "there is no profile \(Quotation.text(name))" + Suggestion.clause(for: name, in: known),
            pointer: isOption ? nil : JSONPointer("/sandbox/profile"),
            hint: "there are \(known.joined(separator: ", "))"
        )
    }

    static func sandboxWidened(
        _ widening: Widening,
        by what: String,
        ceiling: EffectivePolicy,
        remedy: String,
        at pointer: JSONPointer?
    ) -> Failure {
        Failure(
            "sandbox_denied",
            fault: .user,
            message: "\(what) is wider than the profile \(Quotation.text(ceiling.profile.value)) that is in force "
                + "(\(ceiling.profile.origin)): \(widening.member) \(widening.asked), where \(widening.allowed) is allowed",
            pointer: pointer,
            hint: remedy
        )
    }

    static func noNetworkOfItsOwn(_ profile: String) -> Failure {
        Failure(
            "network_unavailable",
            fault: .user,
            message: "under the profile \(Quotation.text(profile)) there is no network namespace, and no choice",
            hint: "leave --network out, or take a profile with namespaces, such as strict"
        )
    }

    static func noHome(_ path: String) -> Failure {
        Failure(
            "no_home",
            fault: .user,
            message: "a profile grants \(Quotation.text(path)), and there is no home directory",
            hint: "set HOME to an absolute path, or name the path in full"
        )
    }
}

extension Failure {
    static var noInheritance: Failure {
        Failure(
            "env_mode_denied",
            fault: .user,
            message: "env_mode inherit is for what `ostler apply` does",
            pointer: JSONPointer("/env_mode"),
            hint: "write the variables that it needs into env"
        )
    }
}
