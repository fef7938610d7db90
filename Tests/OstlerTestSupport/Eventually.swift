internal import Glibc
public import Testing

/// Waits until a condition holds, and records an issue if it does not within `limit`. Nothing is timed by it: a test
/// passes as soon as the condition holds, and only a test that fails takes as long as the limit.
/// - Returns: whether the condition held.
@discardableResult
public func eventually(
    within limit: Duration = .seconds(20),
    _ what: @autoclosure () -> String = "the condition",
    sourceLocation: SourceLocation = #_sourceLocation,
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    if try await condition() { return true }
    Issue.record("\(what()) did not come about within \(limit)", sourceLocation: sourceLocation)
    return false
}

/// The same for a thread of its own, which may block.
/// - Returns: whether the condition held.
@discardableResult
public func eventuallyOnThread(
    within limit: Duration = .seconds(20),
    _ what: @autoclosure () -> String = "the condition",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) rethrows -> Bool {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        usleep(2000)
    }
    if try condition() { return true }
    Issue.record("\(what()) did not come about within \(limit)", sourceLocation: sourceLocation)
    return false
}
