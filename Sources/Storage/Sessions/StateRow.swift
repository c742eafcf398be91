package import Layout

/// What names a row within one session.
package enum StateKey: Hashable, Sendable {
    case metadata
    /// A topic filter.
    case subscription(String)
    /// The number of a subscription's state.
    case subscriptionState(Int)
    case stream(shard: Int, StreamAddress)
    case seqno(Seqno)
    /// A shard.
    case rank(Int)
    /// A packet identifier of the client's.
    case awaitingRelease(UInt16)

    package var table: StateTable {
        switch self {
        case .metadata: .metadata
        case .subscription: .subscriptions
        case .subscriptionState: .subscriptionStates
        case .stream: .streams
        case .seqno: .seqnos
        case .rank: .ranks
        case .awaitingRelease: .awaitingRelease
        }
    }
}

/// The counters of a session's deliveries (session_internals.hrl, reference 4.1). Raw values are the keys
/// of their rows and our own.
package enum Seqno: Int, CaseIterable, Sendable {
    /// Assigned to messages.
    case nextQoS1 = 0, nextQoS2
    /// Sent.
    case sentQoS1, sentQoS2
    /// Acknowledged by PUBACK, by PUBCOMP.
    case committedQoS1, committedQoS2
    /// Acknowledged by PUBREC.
    case received
}

/// The value of a row; which kind belongs to which key is in the names.
package enum StateValue: Hashable, Sendable {
    case metadata(Metadata)
    case subscription(Subscription)
    case subscriptionState(SubscriptionState)
    case stream(Stream)
    case seqno(Int)
    /// The generation up to which all streams of the shard are read.
    case rank(Int)
    /// When the message came, wall clock, milliseconds.
    case awaitingRelease(Int)

    package struct Metadata: Hashable, Sendable {
        /// Wall clock, milliseconds.
        package var created: Int
        /// Wall clock of the commit, milliseconds.
        package var lastAlive: Int
        /// Seconds.
        package var expiry: Int
        /// As in CONNECT: 3, 4 or 5.
        package var version: Int
        package var isConnected: Bool
        /// What is published when its client is gone.
        package var will: Will?

        package init(
            created: Int, lastAlive: Int, expiry: Int, version: Int, isConnected: Bool,
            will: Will? = nil
        ) {
            self.created = created
            self.lastAlive = lastAlive
            self.expiry = expiry
            self.version = version
            self.isConnected = isConnected
            self.will = will
        }
    }

    package enum WillState: Hashable, Sendable {
        /// Its client is connected, and may be silent for so many seconds; 0 if for ever.
        case armed(patience: Int)
        /// It is published from then on: wall clock, milliseconds.
        case due(Int)
    }

    /// A will, and who it is published for.
    package struct Will: Hashable, Sendable {
        /// A CONNECT of MQTT 5 that carries the will and nothing else.
        package var connect: [UInt8]
        package var username: String?
        /// Where the client's connection came from.
        package var peer: PeerAddress
        package var state: WillState

        package init(connect: [UInt8], username: String?, peer: PeerAddress, state: WillState) {
            self.connect = connect
            self.username = username
            self.peer = peer
            self.state = state
        }
    }

    package struct Subscription: Hashable, Sendable {
        /// The number of its present state.
        package var state: Int

        package init(state: Int) { self.state = state }
    }

    package struct SubscriptionState: Hashable, Sendable {
        package var filter: String
        package var qos: Int
        package var noLocal: Bool
        /// Timestamp (µs) of each shard when it began.
        package var begins: [UInt64]
        package var retainAsPublished: Bool
        /// The Subscription Identifier; 0 if there is none.
        package var identifier: Int

        package init(
            filter: String, qos: Int, noLocal: Bool, begins: [UInt64],
            retainAsPublished: Bool = false, identifier: Int = 0
        ) {
            self.filter = filter
            self.qos = qos
            self.noLocal = noLocal
            self.begins = begins
            self.retainAsPublished = retainAsPublished
            self.identifier = identifier
        }
    }

    /// How far a stream is read: its last batch and the numbers that its messages were given.
    package struct Stream: Hashable, Sendable {
        /// Timestamps (µs): the batch's messages come after `begin`, and none after `end`.
        package var begin: UInt64
        package var end: UInt64
        package var batchSize: Int
        /// First and last number at QoS 1 and at QoS 2; the last is smaller if there was none.
        package var firstQoS1: Int, lastQoS1: Int, firstQoS2: Int, lastQoS2: Int

        package init(
            begin: UInt64, end: UInt64, batchSize: Int, firstQoS1: Int, lastQoS1: Int,
            firstQoS2: Int, lastQoS2: Int
        ) {
            self.begin = begin
            self.end = end
            self.batchSize = batchSize
            self.firstQoS1 = firstQoS1
            self.lastQoS1 = lastQoS1
            self.firstQoS2 = firstQoS2
            self.lastQoS2 = lastQoS2
        }
    }
}

/// Changed state of one session on its way to the tables.
package struct SessionChanges: Sendable {
    package let client: String
    package var rows: [StateKey: StateValue]
    package var deleted: [StateKey]
    /// The session has ended: all its rows go.
    package var isEnd: Bool

    package init(
        client: String, rows: [StateKey: StateValue] = [:], deleted: [StateKey] = [],
        isEnd: Bool = false
    ) {
        self.client = client
        self.rows = rows
        self.deleted = deleted
        self.isEnd = isEnd
    }
}
