internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerTasks

extension ResourceOutcome {
    /// One object of `apply --json`.
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("resource", reference.description)
        writer.optional("alias", alias)
        writer.member("place", place)
        writer.member("provider", provider)
        writer.member("state", state.rawValue)
        writer.key("changed")
        if state == .unknown { writer.null() } else { writer.bool(changed) }
        writer.member("refreshed", state == .refreshed)
        writer.optional("refreshed_by", trigger?.description)
        writer.member("noop", isNoop)
        writer.optional("stable_by", stability?.rawValue)
        encodeAnswers(into: &writer)
        writer.optional("message", message ?? excuse)
        if let changesAsThingsAre { writer.member("changes_as_things_are", changesAsThingsAre) }
        encodeDetails(into: &writer)
        writer.endObject()
    }

    private func encodeAnswers(into writer: inout JSONWriter) {
        writer.optional("ensure", ensure?.rawValue)
        if let creates = answers.creates { writer.member("creates_satisfied", creates) }
        if let onlyif = answers.onlyif { writer.member("onlyif_satisfied", onlyif) }
        if let unless = answers.unless { writer.member("unless_satisfied", unless) }
    }

    private func encodeDetails(into writer: inout JSONWriter) {
        if !unmet.isEmpty { writer.member("unmet_requirements", unmet.map(\.description)) }
        writer.optional("exit_code", exitCode)
        writer.optional("signal", signal)
        if !differences.isEmpty { writer.member("differences", differences) }
        writer.optional("diff", diff)
        if !checks.isEmpty {
            writer.key("health_checks")
            writer.beginArray()
            for check in checks { check.encode(into: &writer) }
            writer.endArray()
        }
        writer.member("attempts", attempts)
        writer.member("runtime_us", microseconds)
        if let error {
            writer.key("error")
            error.encode(into: &writer)
        }
        if let isolation {
            writer.key("isolation")
            writer.raw(isolation)
        }
    }
}

extension ResourceOutcome.CheckOutcome {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", name)
        writer.member("status", status.rawValue)
        writer.member("output", output)
        writer.member("tries", tries)
        writer.endObject()
    }
}

extension ResourceTally {
    /// The last object of `apply --json`.
    func encode(into writer: inout JSONWriter, isNoop: Bool, changedAgain: [String]) {
        writer.beginObject()
        writer.key("summary")
        writer.beginObject()
        writer.member("resources", total)
        writer.member("failed", count(.failed))
        writer.member("unmet_requirement", count(.unmet))
        writer.member("skipped", count(.skipped))
        writer.member("changed", count(.changed))
        writer.member("refreshed", refreshed)
        writer.member("unknown", count(.unknown))
        writer.member("stable", count(.stable))
        writer.member("noop_resources", noop)
        writer.member("degraded", degraded)
        writer.member("not_reached", notReached)
        writer.member("noop", isNoop)
        if !changedAgain.isEmpty {
            writer.member("changed_again", changedAgain)
        }
        writer.endObject()
        writer.endObject()
    }
}
