package import Measure
package import Replay
internal import Storage

/// Whom a replay is sent to, as far as it can be seen from here.
package struct ReplaySide {
    package let transport: any Transport
    /// Nil if the broker is in another process.
    package let broker: InProcessBroker?
    /// Asked several times a second: why nothing more may be sent, if so.
    package let reasonToStop: (MonotonicTime) -> String?

    /// Messages that may wait to be stored before a run is stopped as overloaded: at a kilobyte each this is two
    /// gigabytes.
    private static let depthLimit = 2_000_000

    package static func target(_ sockets: SocketTransport) -> ReplaySide {
        ReplaySide(transport: sockets, broker: nil) { sockets.reasonToStop(at: $0)?.description }
    }

    package static func inProcess(_ broker: InProcessBroker) -> ReplaySide {
        ReplaySide(transport: broker.transport, broker: broker) { _ in
            if let failure = broker.store.failure { return "\(failure)" }
            guard broker.store.depth < depthLimit else {
                return "overload: \(broker.store.depth) messages waited to be stored; lower --speed"
            }
            return nil
        }
    }
}
