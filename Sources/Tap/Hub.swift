internal import Glibc
internal import NIOCore
internal import Traffic

/// What the connections of a proxy share. Confined to the event loop.
final class Hub {
    private let intake: Intake
    private var connections: [Int: Connection] = [:]
    private var opened = 0
    /// Too much waits to be written: nothing is read.
    private(set) var isHeld = false

    private struct Connection {
        let client: Relay
        let broker: Relay
        let channel: any Channel
    }

    init(_ intake: Intake) { self.intake = intake }

    func nextNumber() -> Int {
        defer { opened += 1 }
        return opened
    }

    func opened(
        _ connection: Int, _ client: Relay, _ broker: Relay, on channel: any Channel,
        from: Endpoint, to: Endpoint
    ) {
        Relay.join(client, broker)
        connections[connection] = Connection(client: client, broker: broker, channel: channel)
        tell(connection, .opened(client: from, broker: to))
    }

    func heard(_ bytes: RawSpan, on connection: Int, _ direction: Direction) {
        let entry = Intake.Entry(
            connection: connection, time: Self.now(),
            kind: .received(direction, count: bytes.byteCount))
        if intake.add(entry, bytes) { isHeld = true }
    }

    /// One end is gone; the first that says so says how.
    func closed(_ connection: Int, _ ending: Ending) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        tell(connection, .closed(ending))
    }

    /// What waited has been written.
    func release() {
        guard isHeld else { return }
        isHeld = false
        for connection in connections.values {
            connection.client.resume()
            connection.broker.resume()
        }
    }

    /// Ends every connection.
    func closeAll() {
        for connection in connections.values { connection.channel.close(promise: nil) }
    }

    private func tell(_ connection: Int, _ kind: Intake.Entry.Kind) {
        if intake.add(Intake.Entry(connection: connection, time: Self.now(), kind: kind)) {
            isHeld = true
        }
    }

    /// Nanoseconds since the epoch, as captures count.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
