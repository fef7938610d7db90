internal import Glibc
internal import OstlerLaunchWire
internal import OstlerSystem

/// The packets to a launcher: they keep their order, and wait for room in the socket if there is none.
@LoopActor
final class LauncherOutbox {
    /// -1: there is no launcher. It is watched for reading by whoever has this outbox.
    var socket: Int32 = -1
    private var waiting: [Packet] = []
    private var start = 0

    var isConnected: Bool { socket >= 0 }

    /// Its descriptors are closed once it is sent or dropped.
    private struct Packet {
        let descriptors: [Int32]
        let send: @LoopActor (Int32) throws(SystemFailure) -> Void
        let refused: @LoopActor (LaunchFailure) -> Void

        func close() {
            for descriptor in descriptors { _ = Glibc.close(descriptor) }
        }
    }

    /// Sends now, or as soon as the socket takes it; drops the packet if there is no launcher.
    /// - Parameters:
    ///   - descriptors: closed afterwards.
    ///   - refused: called if it cannot be sent although the launcher lives: there are too few descriptors, or a bad one.
    func post(
        closing descriptors: [Int32] = [],
        _ send: @escaping @LoopActor (Int32) throws(SystemFailure) -> Void,
        refused: @escaping @LoopActor (LaunchFailure) -> Void = { _ in }
    ) {
        let packet = Packet(descriptors: descriptors, send: send, refused: refused)
        guard isConnected else { return packet.close() }
        guard waiting.count == start else { return waiting.append(packet) }
        guard !attempt(packet) else { return }
        waiting.append(packet)
        EventLoop.shared.change(socket, to: [.read, .write])
    }

    /// The socket has room again.
    func drain() {
        while start < waiting.count {
            guard attempt(waiting[start]) else { return }
            start += 1
        }
        waiting.removeAll(keepingCapacity: true)
        start = 0
        EventLoop.shared.change(socket, to: .read)
    }

    /// Drops what waits; the socket is closed already.
    func disconnect() {
        socket = -1
        for packet in waiting[start...] { packet.close() }
        waiting.removeAll()
        start = 0
    }

    /// Sends a packet and lets its descriptors go; false if the socket has no room for it now.
    private func attempt(_ packet: Packet) -> Bool {
        do {
            try packet.send(socket)
        } catch  where error.errno == EAGAIN {
            return false
        } catch  where error.errno == EPIPE || error.errno == ECONNRESET {
            // A dead socket shows as end of file on the next turn, which ends everything in one place.
        } catch {
            // Not at once: who asked does not have the number yet.
            let failure = LaunchFailure(describing: error)
            EventLoop.shared.atEndOfTurn { packet.refused(failure) }
        }
        packet.close()
        return true
    }
}
