internal import COstlerShims
internal import OstlerSystem

/// What a descriptor is to the plugin; travels through epoll as the event's data.
struct Token: Equatable {
    enum Kind: UInt64 {
        case hostInput
        case hostOutput
        case launcher
        case stdout
        case stderr
        case stdin
    }

    let kind: Kind
    /// The launch number for the descriptors of a run, else 0. It is never used twice, so a stale event finds nothing.
    let number: UInt64

    init(_ kind: Kind, _ number: UInt64 = 0) {
        self.kind = kind
        self.number = number
    }

    init?(data: UInt64) {
        guard let kind = Kind(rawValue: data & 7) else { return nil }
        self.init(kind, data >> 3)
    }

    var data: UInt64 { number << 3 | kind.rawValue }
}

/// Waits for descriptors; level-triggered.
final class Poller {
    private let epoll: OwnedFD
    private var events = [ostler_event](repeating: ostler_event(), count: 64)

    init?() {
        let number = ostler_epoll_create()
        guard number >= 0 else { return nil }
        epoll = OwnedFD(taking: number)
    }

    /// False if the descriptor is of a kind that cannot be watched, such as a file.
    @discardableResult
    func add(_ fd: Int32, _ token: Token, for interest: Readiness) -> Bool {
        ostler_epoll_ctl(epoll.number, 1, fd, interest.rawValue, token.data) == 0
    }

    func change(_ fd: Int32, _ token: Token, to interest: Readiness) {
        _ = ostler_epoll_ctl(epoll.number, 3, fd, interest.rawValue, token.data)
    }

    /// Call it before the descriptor is closed: a copy elsewhere would keep the registration alive.
    func remove(_ fd: Int32) {
        _ = ostler_epoll_ctl(epoll.number, 2, fd, 0, 0)
    }

    /// How many events there are now; -1 waits without limit.
    func wait(milliseconds: Int32) -> Int {
        max(0, Int(ostler_epoll_wait(epoll.number, &events, Int32(events.count), milliseconds)))
    }

    func event(_ index: Int) -> (token: Token, readiness: Readiness)? {
        Token(data: events[index].data).map { ($0, Readiness(rawValue: events[index].events)) }
    }
}
