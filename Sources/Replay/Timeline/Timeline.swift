package import MQTT
package import Measure
package import Traffic

/// What clients are to do, in order of time: their recorded lives after everything that was asked for has been
/// done to them (a window, a loop, a larger fleet, another policy).
///
/// Read by one thread, step by step, and never held in memory as a whole.
package protocol Timeline: AnyObject {
    /// Who acts in it. Grows while it is read; a client keeps its number.
    var clients: [TimelineClient] { get }

    /// The next step, or nil when everything was done. A step is due at its offset or later than all before it.
    /// - Throws: what is wrong with the recording, where it was found.
    func next() throws(CaptureError) -> TimelineStep?

    /// Calls `body` with the packet of the step that `next` returned last; with no bytes if it has none.
    func withPacket(_ body: (RawSpan) -> Void)

    /// What this client took in the recording to acknowledge what it was delivered, in recorded time and in the
    /// order in which it did; nil where it never did. Who lives it again draws in order and begins again.
    /// - Returns: nothing if nothing was recorded: it acknowledges at once.
    func answerDelays(of client: Int) -> [Nanoseconds?]
}

extension Timeline {
    package func answerDelays(of client: Int) -> [Nanoseconds?] { [] }
}

/// One client, through all connections that it makes.
package struct TimelineClient: Hashable, Sendable {
    /// As it is sent in CONNECT, after a fleet was cloned; empty if the broker assigns one.
    package var clientID: String
    /// Whether its CONNECT was recorded; if not, the one in the timeline is a declared one.
    package var connectSeen: Bool

    package init(clientID: String, connectSeen: Bool) {
        (self.clientID, self.connectSeen) = (clientID, connectSeen)
    }
}

package struct TimelineStep: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A network connection is made, from this address if the transport can show one.
        case opened(from: Endpoint, version: ProtocolVersion)
        /// A packet is sent.
        /// - Parameter packetIDOffset: where its identifier is; 0 if it has none.
        case packet(PacketType, qos: QoS, packetIDOffset: Int)
        case closed(Ending)
    }

    /// From the beginning of the timeline, in recorded time: speed is the schedule's.
    package var offset: Nanoseconds
    /// Index in `Timeline.clients`.
    package var client: Int
    package var kind: Kind

    package init(offset: Nanoseconds, client: Int, kind: Kind) {
        (self.offset, self.client, self.kind) = (offset, client, kind)
    }
}
