internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerTasks

extension ResourceOutcome {
    /// One object of `apply --json`.
    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("resource")
        writer.string(reference.description)
        writer.optional("alias", alias)
        writer.key("place")
        writer.string(place)
        writer.key("provider")
        writer.string(provider)
        writer.key("state")
        writer.string(state.rawValue)
        writer.key("changed")
        if state == .unknown { writer.null() } else { writer.bool(changed) }
        writer.key("refreshed")
        writer.bool(state == .refreshed)
        writer.key("noop")
        writer.bool(isNoop)
        writer.optional("stable_by", stability?.rawValue)
        writer.optional("message", message)
        if let changesAsThingsAre {
            writer.key("changes_as_things_are")
            writer.bool(changesAsThingsAre)
        }
        encodeDetails(into: &writer)
        writer.endObject()
    }

    private func encodeDetails(into writer: inout JSONWriter) {
        if !unmet.isEmpty {
            writer.key("unmet_requirements")
            writer.strings(unmet.map(\.description))
        }
        if let exitCode {
            writer.key("exit_code")
            writer.int(exitCode)
        }
        if let signal {
            writer.key("signal")
            writer.int(signal)
        }
        if !differences.isEmpty {
            writer.key("differences")
            writer.strings(differences)
        }
        writer.optional("diff", diff)
        if !checks.isEmpty {
            writer.key("health_checks")
            writer.beginArray()
            for check in checks { check.encode(into: &writer) }
            writer.endArray()
        }
        writer.key("attempts")
        writer.int(attempts)
        writer.key("runtime_us")
        writer.int(microseconds)
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
        writer.key("name")
        writer.string(name)
        writer.key("status")
        writer.string(status.rawValue)
        writer.key("output")
        writer.string(output)
        writer.key("tries")
        writer.int(tries)
        writer.endObject()
    }
}

extension ResourceTally {
    /// The last object of `apply --json`.
    func encode(into writer: inout JSONWriter, isNoop: Bool, changedAgain: [String]) {
        writer.beginObject()
        writer.key("summary")
        writer.beginObject()
        writer.key("resources")
        writer.int(total)
        writer.key("failed")
        writer.int(count(.failed))
        writer.key("unmet_requirement")
        writer.int(count(.unmet))
        writer.key("skipped")
        writer.int(count(.skipped))
        writer.key("changed")
        writer.int(count(.changed))
        writer.key("refreshed")
        writer.int(refreshed)
        writer.key("unknown")
        writer.int(count(.unknown))
        writer.key("stable")
        writer.int(count(.stable))
        writer.key("degraded")
        writer.int(degraded)
        writer.key("not_reached")
        writer.int(notReached)
        writer.key("noop")
        writer.bool(isNoop)
        if !changedAgain.isEmpty {
            writer.key("changed_again")
            writer.strings(changedAgain)
        }
        writer.endObject()
        writer.endObject()
    }
}
