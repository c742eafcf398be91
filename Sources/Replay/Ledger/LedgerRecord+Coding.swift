internal import MQTT
internal import Measure

/// The bytes of a record: a head with its kind and four flags; the time since the record before, nanoseconds, with
/// its sign in the lowest bit; then numbers of seven bits a byte, the lowest first. A packet identifier takes two bytes
/// and a content hash eight.
///
/// A head of 0 is the end of what was written.
enum LedgerCode {
    static let magic: [UInt8] = Array("dstune ledger 1\n".utf8)

    enum Kind: UInt8, CaseIterable {
        case client = 1, topic, publish, delivery, fromClient, fromBroker, control, closed, mark
    }

    /// The most that any record takes beside its text or packet.
    static let longest = 80

    static let answers: [PacketType] = [.puback, .pubrec, .pubrel, .pubcomp]

    static let retain: UInt8 = 0b0100, dup: UInt8 = 0b1000
    static let hasReason: UInt8 = 0b0100, byBroker: UInt8 = 0b0001
}

extension LedgerFile {
    /// - Parameter last: the time of the record before; becomes that of this one.
    mutating func append(
        _ record: LedgerRecord, after last: inout MonotonicTime
    ) throws(LedgerError) {
        // All of it at once: the head, which is written last, has to stay within reach.
        try reserve(LedgerCode.longest + record.textCount)
        let head = size
        put(UInt8(0))
        switch record {
        case .client(let name):
            put(text: Array(name.utf8).span.bytes)
            seal(.client, at: head)
        case .topic(let name):
            put(text: name.span.bytes)
            seal(.topic, at: head)
        case .publish(let sighting):
            put(sighting, after: &last)
            put(varint: UInt64(max(0, (sighting.time - sighting.intended).count)))
            seal(.publish, sighting.flags, at: head)
        case .delivery(let sighting):
            put(sighting, after: &last)
            seal(.delivery, sighting.flags, at: head)
        case .answer(let answer):
            put(answer.time, after: &last)
            put(varint: UInt64(answer.client))
            put(id: answer.packetID)
            if answer.reason != 0 { put(answer.reason) }
            let type = UInt8(LedgerCode.answers.firstIndex(of: answer.type) ?? 0)
            seal(
                answer.fromBroker ? .fromBroker : .fromClient,
                type | (answer.reason != 0 ? LedgerCode.hasReason : 0), at: head)
        case .control(let control):
            put(control.time, after: &last)
            put(varint: UInt64(control.client))
            put(control.version.rawValue)
            put(text: control.packet.span.bytes)
            seal(.control, control.fromBroker ? LedgerCode.byBroker : 0, at: head)
        case .closed(let client, let byBroker, let time):
            put(time, after: &last)
            put(varint: UInt64(client))
            seal(.closed, byBroker ? LedgerCode.byBroker : 0, at: head)
        case .mark(let mark, let time):
            put(time, after: &last)
            seal(.mark, mark.rawValue, at: head)
        }
    }

    private mutating func put(
        _ sighting: LedgerRecord.Sighting, after last: inout MonotonicTime
    ) {
        put(sighting.time, after: &last)
        put(varint: UInt64(sighting.client))
        put(varint: UInt64(sighting.topic))
        if sighting.qos > .atMostOnce { put(id: sighting.packetID) }
        put(sighting.content)
        // One number for both: 0 no expiry, and whether there is a payload at all.
        let expiry = sighting.expiry.map { UInt64($0) + 1 } ?? 0
        put(varint: expiry << 1 | (sighting.isEmpty ? 1 : 0))
    }

    private mutating func put(_ time: MonotonicTime, after last: inout MonotonicTime) {
        // What arrived is noted when the replay gets round to it, and may be older: its sign is the lowest bit.
        let count = (time - last).count
        put(varint: UInt64(bitPattern: count << 1 ^ count >> 63))
        last = time
    }

    private mutating func put(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        put(UInt8(rest))
    }

    private mutating func put(id: UInt16) {
        put(UInt8(truncatingIfNeeded: id))
        put(UInt8(id >> 8))
    }

    private mutating func put(text: RawSpan) {
        put(varint: UInt64(text.byteCount))
        put(text)
    }

    private mutating func seal(_ kind: LedgerCode.Kind, _ flags: UInt8 = 0, at head: Int) {
        seal(kind.rawValue << 4 | flags, at: head)
    }
}

extension LedgerRecord {
    /// Bytes of its text or packet.
    fileprivate var textCount: Int {
        switch self {
        case .client(let name): name.utf8.count
        case .topic(let name): name.count
        case .control(let control): control.packet.count
        case .publish, .delivery, .answer, .closed, .mark: 0
        }
    }
}

extension LedgerRecord.Sighting {
    fileprivate var flags: UInt8 {
        qos.rawValue | (retain ? LedgerCode.retain : 0) | (dup ? LedgerCode.dup : 0)
    }
}
