internal import Glibc
internal import MQTT
internal import Measure

/// Reads a ledger from its beginning to its end, a piece at a time.
struct LedgerReader: ~Copyable {
    let path: String
    private let file: Int32
    private var buffer: [UInt8] = []
    /// Where the next record begins in `buffer`, and where `buffer` begins in the file.
    private var place = 0, start = 0
    private var time = MonotonicTime(nanoseconds: 0)
    private var isAtEnd = false
    /// Defined so far: a record may name no others.
    private var clientCount = 0, topicCount = 0
    /// Whether it was closed: what was seen last is in it.
    private(set) var isComplete = false

    /// Read so far.
    var size: Bytes { Bytes(UInt64(start + place)) }

    private static let chunk = 1 << 20
    /// Some 36 years of nanoseconds: sums and differences of times stay in range.
    private static let latest: Int64 = 1 << 60
    /// The largest packet that MQTT has, and more.
    private static let longestText = 1 << 29

    init(_ path: String) throws(LedgerError) {
        self.path = path
        file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .cannotRead(path: path, errno: errno) }
        try fill(LedgerCode.magic.count)
        guard buffer.starts(with: LedgerCode.magic) else { throw .notALedger(path: path) }
        place = LedgerCode.magic.count
    }

    deinit { close(file) }

    /// - Returns: nil at the end.
    /// - Throws: `.cannotRead`, `.damaged`.
    mutating func next() throws(LedgerError) -> LedgerRecord? {
        if buffer.count - place < LedgerCode.longest { try fill(LedgerCode.longest) }
        guard place < buffer.count, buffer[place] != 0 else { return nil }
        let record = start + place
        let head = buffer[place]
        place += 1
        guard let kind = LedgerCode.Kind(rawValue: head >> 4) else {
            throw damaged(record, "no record begins with \(head)")
        }
        return try read(kind, flags: head & 0x0F, at: record)
    }

    private mutating func read(
        _ kind: LedgerCode.Kind, flags: UInt8, at record: Int
    ) throws(LedgerError) -> LedgerRecord {
        switch kind {
        case .client:
            clientCount += 1
            return .client(String(decoding: try text(record), as: UTF8.self))
        case .topic:
            topicCount += 1
            return .topic(Array(try text(record)))
        case .publish:
            var sighting = try sighting(flags, record)
            sighting.intended = try earlier(record)
            return .publish(sighting)
        case .delivery: return .delivery(try sighting(flags, record))
        case .fromClient, .fromBroker:
            try advance(record)
            let client = try client(record)
            let id = try id(record)
            return .answer(
                LedgerRecord.Answer(
                    time: time, client: client, fromBroker: kind == .fromBroker,
                    type: LedgerCode.answers[Int(flags & 0b11)], packetID: id,
                    reason: flags & LedgerCode.hasReason == 0 ? 0 : try byte(record)))
        case .control:
            try advance(record)
            let client = try client(record)
            guard let version = ProtocolVersion(rawValue: try byte(record)) else {
                throw damaged(record, "a version of MQTT that there is not")
            }
            return .control(
                LedgerRecord.Control(
                    time: time, client: client, fromBroker: flags & LedgerCode.byBroker != 0,
                    version: version, packet: Array(try text(record))))
        case .closed:
            try advance(record)
            return .closed(
                client: try client(record), byBroker: flags & LedgerCode.byBroker != 0, at: time)
        case .mark:
            try advance(record)
            guard let mark = LedgerRecord.Mark(rawValue: flags) else {
                throw damaged(record, "a mark that means nothing")
            }
            if mark == .end { isComplete = true }
            return .mark(mark, at: time)
        }
    }

    private mutating func sighting(
        _ flags: UInt8, _ record: Int
    ) throws(LedgerError) -> LedgerRecord.Sighting {
        try advance(record)
        let client = try client(record), topic = try number(record)
        guard topic < topicCount else { throw damaged(record, "a topic that it does not know") }
        guard let qos = QoS(rawValue: flags & 0b11) else { throw damaged(record, "QoS 3") }
        let id = qos == .atMostOnce ? 0 : try id(record)
        guard buffer.count - place >= 8 else { throw damaged(record, "it is cut off") }
        let content = buffer.span.bytes.unsafeLoadUnaligned(
            fromByteOffset: place, as: UInt64.self)
        place += 8
        let rest = try number(record)
        return LedgerRecord.Sighting(
            time: time, client: client, topic: topic, packetID: id, qos: qos,
            retain: flags & LedgerCode.retain != 0, dup: flags & LedgerCode.dup != 0,
            content: UInt64(littleEndian: content), isEmpty: rest & 1 != 0,
            expiry: rest >> 1 == 0 ? nil : UInt32(truncatingIfNeeded: rest >> 1 - 1),
            intended: time)
    }

    /// The time since the record before.
    private mutating func advance(_ record: Int) throws(LedgerError) {
        let coded = UInt64(try number(record))
        let step = Int64(bitPattern: coded >> 1 ^ (0 &- coded & 1))
        time = MonotonicTime(nanoseconds: time.nanoseconds &+ step)
        guard (0...Self.latest).contains(time.nanoseconds) else {
            throw damaged(record, "a time out of range")
        }
    }

    /// A time before that of the record.
    private mutating func earlier(_ record: Int) throws(LedgerError) -> MonotonicTime {
        let span = Int64(try number(record))
        guard span <= Self.latest else { throw damaged(record, "a time out of range") }
        return MonotonicTime(nanoseconds: time.nanoseconds - span)
    }

    private mutating func client(_ record: Int) throws(LedgerError) -> Int {
        let client = try number(record)
        guard client < clientCount else { throw damaged(record, "a client that it does not know") }
        return client
    }

    private mutating func number(_ record: Int) throws(LedgerError) -> Int {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 56, by: 7) {
            let next = try byte(record)
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return Int(value) }
        }
        throw damaged(record, "a number of more than 63 bits")
    }

    private mutating func id(_ record: Int) throws(LedgerError) -> UInt16 {
        let low = try byte(record)
        return UInt16(low) | UInt16(try byte(record)) << 8
    }

    private mutating func byte(_ record: Int) throws(LedgerError) -> UInt8 {
        guard place < buffer.count else { throw damaged(record, "it is cut off") }
        defer { place += 1 }
        return buffer[place]
    }

    private mutating func text(_ record: Int) throws(LedgerError) -> ArraySlice<UInt8> {
        let count = try number(record)
        guard count <= Self.longestText else { throw damaged(record, "a text of \(count) bytes") }
        try fill(count)
        guard buffer.count - place >= count else { throw damaged(record, "it is cut off") }
        defer { place += count }
        return buffer[place..<place + count]
    }

    private func damaged(_ record: Int, _ why: String) -> LedgerError {
        .damaged(path: path, offset: record, why: why)
    }

    /// Has at least `count` bytes after `place`, unless the file ends before.
    private mutating func fill(_ count: Int) throws(LedgerError) {
        guard buffer.count - place < count, !isAtEnd else { return }
        buffer.removeFirst(place)
        (start, place) = (start + place, 0)
        while buffer.count < count, !isAtEnd {
            let wanted = max(Self.chunk, count - buffer.count)
            var failure: Int32?
            let piece = [UInt8](unsafeUninitializedCapacity: wanted) { bytes, filled in
                let got = Glibc.read(file, bytes.baseAddress, wanted)
                filled = max(0, got)
                if got < 0, errno != EINTR { failure = errno }
                if got == 0 { isAtEnd = true }
            }
            if let failure { throw .cannotRead(path: path, errno: failure) }
            buffer += piece
        }
    }
}
