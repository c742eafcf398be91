internal import Measure

/// One segment of a conversation that is made up, without its payload.
struct TCPSegment {
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let fin = Flags(rawValue: 1 << 0)
        static let syn = Flags(rawValue: 1 << 1)
        static let rst = Flags(rawValue: 1 << 2)
        static let psh = Flags(rawValue: 1 << 3)
        static let ack = Flags(rawValue: 1 << 4)
    }

    /// 0 if the client sends it, 1 if the broker does.
    let side: Int
    let flags: Flags
    let sequence: UInt32
    let acknowledged: UInt32
}

/// Both ends of a TCP connection, as far as sequence numbers go. Side 0 is the client.
struct TCPConversation {
    let client: Endpoint
    let ends: FrameEnds
    /// Sequence number of what each side sends next.
    private var next: [2 of UInt32]
    /// What each side has acknowledged of the other.
    private var acknowledged: [2 of UInt32]
    /// Segments with data that each side sent and the other has not acknowledged.
    private var pending: [2 of Int] = [0, 0]
    /// An acknowledgement of what that side sent is in the queue of late ones.
    var isQueued: [2 of Bool] = [false, false]
    /// Of the IPv4 packets of each side.
    var identification: [2 of UInt16]
    /// The broker's last packet was DISCONNECT: it closes first.
    var brokerSaidFarewell = false

    /// Of Ethernet with IPv4 and without TCP options; said in both SYNs.
    static let maximumSegment = 1_460

    /// - Parameter number: gives the initial sequence numbers, so that the same traffic has the same.
    init(client: Endpoint, broker: BrokerEnd, number: Int) {
        self.client = client
        ends = FrameEnds(client: client, broker: broker)
        var seed = Seed(UInt64(bitPattern: Int64(number))).branch("sequence")
        let (ours, theirs) = (seed.next(), seed.next())
        next = [UInt32(truncatingIfNeeded: ours), UInt32(truncatingIfNeeded: theirs)]
        acknowledged = [0, 0]
        identification = [
            UInt16(truncatingIfNeeded: ours >> 32), UInt16(truncatingIfNeeded: theirs >> 32),
        ]
    }

    /// SYN, SYN with ACK, ACK.
    mutating func open() -> [TCPSegment] {
        let syn = TCPSegment(side: 0, flags: .syn, sequence: next[0], acknowledged: 0)
        next[0] &+= 1
        acknowledged[1] = next[0]
        let answer = TCPSegment(
            side: 1, flags: [.syn, .ack], sequence: next[1], acknowledged: acknowledged[1])
        next[1] &+= 1
        acknowledged[0] = next[1]
        return [syn, answer, segment(from: 0, .ack)]
    }

    /// A segment with `count` bytes of data. It acknowledges everything that the other side has sent.
    mutating func data(from side: Int, count: Int, isLast: Bool) -> TCPSegment {
        let segment = segment(from: side, isLast ? [.psh, .ack] : .ack)
        next[side] &+= UInt32(count)
        pending[side] += 1
        return segment
    }

    /// The other side's acknowledgement of what `side` sent, if at least so many segments wait for it.
    mutating func acknowledgement(of side: Int, ifSegments least: Int) -> TCPSegment? {
        guard pending[side] >= least else { return nil }
        return segment(from: 1 - side, .ack)
    }

    /// Whether what `side` sent has to be acknowledged and nobody sees to it yet; from now on somebody does.
    mutating func isAcknowledgementDue(of side: Int) -> Bool {
        guard pending[side] > 0, !isQueued[side] else { return false }
        isQueued[side] = true
        return true
    }

    mutating func close(_ ending: Ending) -> [TCPSegment] {
        switch ending {
        case .endOfCapture: return []
        case .reset: return [segment(from: 0, [.rst, .ack])]
        case .disconnect, .fin:
            let first = brokerSaidFarewell ? 1 : 0
            var segments: [TCPSegment] = []
            for side in [first, 1 - first] {
                segments.append(segment(from: side, [.fin, .ack]))
                next[side] &+= 1
            }
            segments.append(segment(from: first, .ack))
            return segments
        }
    }

    private mutating func segment(from side: Int, _ flags: TCPSegment.Flags) -> TCPSegment {
        acknowledged[side] = next[1 - side]
        pending[1 - side] = 0
        return TCPSegment(
            side: side, flags: flags, sequence: next[side], acknowledged: acknowledged[side])
    }
}

/// Acknowledgements that are sent if nothing else carries them in time.
struct AcknowledgementQueue {
    struct Entry {
        let connection: Int
        /// Whose data it is about.
        let side: Int
        let time: Int64
    }

    private var entries = Fifo<Entry>()

    /// What Linux waits at least (TCP_DELACK_MIN), in nanoseconds.
    private static let delay: Int64 = 40_000_000

    mutating func append(_ connection: Int, _ side: Int, after time: Int64) {
        entries.append(
            Entry(
                connection: connection, side: side,
                time: time > .max - Self.delay ? .max : time + Self.delay))
    }

    mutating func next(until time: Int64) -> Entry? {
        guard let first = entries.first, first.time <= time else { return nil }
        return entries.popFirst()
    }
}
