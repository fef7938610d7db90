import OstlerProtocol
import Testing

@testable import OstlerHost

/// What a message shows of a line that a plugin should not have written.
@Suite struct SessionEndTests {
    private static let secret = "correct horse battery staple"
    /// The secret begins where a message still shows it, and ends where it does not.
    private static let line = String(repeating: "x", count: FrameViolation.shownLength - 10) + secret + " and more"

    @Test func `A secret on the edge of what is shown is masked, and not cut into a part that nobody knows`() throws {
        var parser = FrameParser(maximumFrameBytes: 64)
        parser.append(Array("{\(Self.line)".utf8)[...])
        guard case .violation(let violation) = parser.next() else {
            Issue.record("a line that is too long was taken")
            return
        }
        for end in [SessionEnd.violation(violation), .noise(lines: 1, excerpt: Self.line)] {
            let message = Failure.brokenStream("p", end.shown(masking: masked)).message
            #expect(message.contains("xxx***"))
            #expect(!message.contains("correct"))
        }
    }

    @Test func `What is shown of a line is short`() {
        let long = String(repeating: "é", count: 5000)
        guard case .noise(_, let excerpt) = SessionEnd.noise(lines: 1, excerpt: long).shown(masking: \.self) else {
            Issue.record("noise is shown as something else")
            return
        }
        #expect(excerpt.count == FrameViolation.shownLength)
        #expect(SessionEnd.endOfFile.shown(masking: masked) == .endOfFile)
    }

    private func masked(_ text: String) -> String {
        text.split(separator: Self.secret, omittingEmptySubsequences: false).joined(separator: "***")
    }
}
