internal import OstlerProtocol
internal import OstlerTasks

extension ResourceOutcome {
    /// The same with all of its texts rewritten, so that what must not be told stands in none of them.
    package func concealed(_ conceal: (String) -> String) -> ResourceOutcome {
        var told = self
        told.reference = reference.concealed(conceal)
        told.alias = alias.map(conceal)
        told.trigger = trigger.map { $0.concealed(conceal) }
        told.message = message.map(conceal)
        told.excuse = excuse.map(conceal)
        told.unmet = unmet.map { $0.concealed(conceal) }
        told.differences = differences.map(conceal)
        told.diff = diff.map(conceal)
        told.lastWords = lastWords.map(conceal)
        told.checks = checks.map {
            CheckOutcome(name: conceal($0.name), status: $0.status, output: conceal($0.output), tries: $0.tries)
        }
        told.error = error.map { $0.concealed(conceal) }
        return told
    }
}

extension GuardReference {
    fileprivate func concealed(_ conceal: (String) -> String) -> GuardReference {
        GuardReference(type: type, name: conceal(name))
    }
}
