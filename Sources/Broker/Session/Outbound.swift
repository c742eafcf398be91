/// The sender's half of one QoS 1 or QoS 2 delivery (MQTT 4.3.2, 4.3.3). A value without I/O: every
/// answer says what to do next.
package enum Outbound: Equatable, Sendable, CaseIterable {
    case awaitingPuback, awaitingPubrec, awaitingPubcomp, complete

    package enum Reply: CaseIterable, Sendable { case puback, pubrec, pubrecRefused, pubcomp }
    package enum Action: Equatable, Sendable {
        /// The message is with the receiver: only its packet identifier lives on.
        case sendPubrel
        /// The delivery is over; its packet identifier is free.
        case release
        /// The peer answered something that was not asked (reason 0x92, Packet Identifier not found).
        case reportMismatch
    }

    package mutating func received(_ reply: Reply) -> Action {
        switch (self, reply) {
        case (.awaitingPuback, .puback), (.awaitingPubrec, .pubrecRefused),
            (.awaitingPubcomp, .pubcomp):
            self = .complete
            return .release
        case (.awaitingPubrec, .pubrec):
            self = .awaitingPubcomp
            return .sendPubrel  // [MQTT-4.3.3-4]
        case (.awaitingPubcomp, .pubrec):
            return .sendPubrel  // the first one was lost with the old connection
        case (.awaitingPuback, _), (.awaitingPubrec, _), (.awaitingPubcomp, _), (.complete, _):
            return .reportMismatch
        }
    }

    /// What a resumed session repeats [MQTT-4.4.0-1].
    package var isMessageStillOwed: Bool { self == .awaitingPuback || self == .awaitingPubrec }
}
