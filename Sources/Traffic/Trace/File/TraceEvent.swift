internal import MQTT

/// One event as it lies in a block: what is the same for all, and where the rest is.
struct TraceEvent: Equatable {
    enum Kind: UInt8 {
        case opened = 0
        case packet = 1
        case closed = 2
        /// The client of a connection without CONNECT became known.
        case identified = 3
    }

    let kind: Kind
    /// Counts from 0 in each file.
    let connection: UInt32
    /// Nanoseconds since the epoch.
    let time: Int64
    /// Of `packet` and `closed`.
    var version = ProtocolVersion.v3_1_1
    /// Of `packet`.
    var direction = Direction.toBroker
    /// Of `packet`: nobody recorded it, it follows from others. Of `opened`: it goes on from the file before.
    var isMarked = false
    /// In the block: the packet, or the client identifier.
    var bytes = 0..<0
    /// Of `opened`.
    var peer = Endpoint(ipv4: 0, port: 0)
    /// Of `closed`.
    var ending = Ending.endOfCapture
}

/// The bits of the byte that an event begins with.
struct EventTag: OptionSet {
    let rawValue: UInt8

    static let toClient = EventTag(rawValue: 1 << 2)
    static let marked = EventTag(rawValue: 1 << 5)
    /// Bits 3 and 4: which of `versions`.
    static let versions: [ProtocolVersion] = [.v3_1, .v3_1_1, .v5]
    private static let unused: UInt8 = 0b1100_0000

    var isKnown: Bool { rawValue & Self.unused == 0 && rawValue >> 3 & 0b11 < 3 }
    var kind: TraceEvent.Kind? { TraceEvent.Kind(rawValue: rawValue & 0b11) }
    var version: ProtocolVersion { Self.versions[Int(rawValue >> 3 & 0b11)] }

    static func of(_ kind: TraceEvent.Kind, _ version: ProtocolVersion = .v3_1) -> EventTag {
        let number = versions.firstIndex(of: version) ?? 0
        return EventTag(rawValue: kind.rawValue | UInt8(number) << 3)
    }
}

extension Ending {
    /// As it is written in files, which must not follow the order of the cases.
    var number: UInt8 {
        switch self {
        case .disconnect: 0
        case .fin: 1
        case .reset: 2
        case .endOfCapture: 3
        }
    }

    init?(number: UInt8) {
        guard let ending = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = ending
    }
}

/// Collects the events of one block.
struct EventBlock {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    private(set) var first = Int64.max
    private(set) var last = Int64.min
    /// What the next time is counted from.
    private var previous: Int64 = 0

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        (count, first, last, previous) = (0, .max, .min, 0)
    }

    mutating func append(_ tag: EventTag, _ connection: UInt32, at time: Int64) {
        // From 0 for the first, so that a block can be read by itself.
        bytes.append(tag.rawValue)
        bytes.append(variable: UInt64(connection))
        bytes.append(signed: time &- previous)
        previous = time
        count += 1
        first = min(first, time)
        last = max(last, time)
    }

    mutating func append(counted bytes: RawSpan) {
        self.bytes.append(variable: UInt64(bytes.byteCount))
        self.bytes.append(span: bytes)
    }

    mutating func append(counted text: String) { bytes.append(counted: text.utf8) }
    mutating func append(_ peer: Endpoint) { bytes.append(peer) }
    mutating func append(_ ending: Ending) { bytes.append(ending.number) }
}

extension RawSpan {
    /// The event at `offset` of a block's contents.
    /// - Parameter previous: the time of the event before, which is moved on.
    func readEvent(at offset: inout Int, after previous: inout Int64) throws(BlockFault)
        -> TraceEvent
    {
        let tag = EventTag(rawValue: try readOne(at: &offset))
        guard tag.isKnown, let kind = tag.kind else {
            throw BlockFault(why: "an event has a tag that this dstune does not know")
        }
        let number = try readVariable(at: &offset)
        guard let connection = UInt32(exactly: number) else {
            throw BlockFault(why: "a connection has number \(number)")
        }
        previous &+= try readSigned(at: &offset)
        guard 0...latestTime ~= previous else {
            throw BlockFault(why: "a time is outside 1970 to 2096")
        }
        var event = TraceEvent(
            kind: kind, connection: connection, time: previous, version: tag.version,
            direction: tag.contains(.toClient) ? .toClient : .toBroker,
            isMarked: tag.contains(.marked))
        switch kind {
        case .opened: event.peer = try readEndpoint(at: &offset)
        case .packet, .identified: event.bytes = try readCounted(at: &offset)
        case .closed:
            guard let ending = Ending(number: try readOne(at: &offset)) else {
                throw BlockFault(why: "a connection ends in a way that this dstune does not know")
            }
            event.ending = ending
        }
        return event
    }
}

/// The end of the times that are kept, see `clampedTime`.
let latestTime: Int64 = 4_000_000_000_000_000_000
