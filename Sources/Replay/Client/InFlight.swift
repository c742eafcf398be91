internal import MQTT
internal import Measure

/// What a client has sent and is owed an answer to, by packet identifier.
///
/// An identifier is a place in a table, so that nothing is searched for. The one that has been free for longest is
/// given next [MQTT-2.2.1-3].
struct InFlight {
    enum Kind: UInt8 {
        case free
        /// PUBLISH, which waits for PUBACK or PUBREC.
        case qos1, qos2
        /// PUBREL, which waits for PUBCOMP.
        case release
        /// SUBSCRIBE or UNSUBSCRIBE.
        case request
    }

    struct Entry {
        var kind: Kind
        /// When the plan said to send it, and when it was sent first.
        var intended: MonotonicTime
        var sent: MonotonicTime
        /// What to send again when the session is taken up; nil if it ends with its connection.
        var copy: ByteStore.Handle?
        /// Its identifier in the recording.
        var recordedID: UInt16
        /// It was sent again when the session was taken up.
        var wasResent = false
        /// Neighbours in the order of sending, or the next free one; 0 is none.
        fileprivate var previous: UInt16 = 0
        fileprivate var next: UInt16 = 0
    }

    private var entries: [Entry] = []
    /// The identifier sent first, the one sent last, and the same of the free ones; 0 is none.
    private var first: UInt16 = 0
    private var last: UInt16 = 0
    private var firstFree: UInt16 = 0
    private var lastFree: UInt16 = 0
    /// Exchanges at QoS 1 and 2 that are not over: what a Receive Maximum bounds [MQTT-3.3.4-9].
    private(set) var publishes = 0

    var hasFreeID: Bool { firstFree != 0 || entries.count < Int(UInt16.max) }

    /// - Precondition: `hasFreeID`.
    mutating func add(
        _ kind: Kind, intended: MonotonicTime, sent: MonotonicTime, recordedID: UInt16 = 0
    ) -> PacketID {
        let entry = Entry(
            kind: kind, intended: intended, sent: sent, copy: nil, recordedID: recordedID)
        let number: UInt16
        if firstFree != 0 {
            number = firstFree
            firstFree = self[number].next
            if firstFree == 0 { lastFree = 0 }
            self[number] = entry
        } else {
            entries.append(entry)
            number = UInt16(entries.count)
        }
        link(number)
        if kind != .request { publishes += 1 }
        guard let id = PacketID(number) else { preconditionFailure("identifiers count from 1") }
        return id
    }

    subscript(id: PacketID) -> Entry? {
        guard Int(id.rawValue) <= entries.count, self[id.rawValue].kind != .free else { return nil }
        return self[id.rawValue]
    }

    mutating func keep(_ copy: ByteStore.Handle, for id: PacketID) { self[id.rawValue].copy = copy }

    /// PUBREC has come. PUBRELs keep the order of PUBRECs [MQTT-4.6.0-3].
    mutating func release(_ id: PacketID) {
        unlink(id.rawValue)
        link(id.rawValue)
        self[id.rawValue].kind = .release
        self[id.rawValue].copy = nil
    }

    mutating func mark(_ id: PacketID, resent: Bool) { self[id.rawValue].wasResent = resent }

    mutating func remove(_ id: PacketID) {
        let number = id.rawValue
        unlink(number)
        if self[number].kind != .request { publishes -= 1 }
        self[number].kind = .free
        self[number].copy = nil
        self[number].next = 0
        if lastFree == 0 { firstFree = number } else { self[lastFree].next = number }
        lastFree = number
    }

    /// The identifier that was sent first, and after each the next.
    func next(after id: PacketID?) -> PacketID? {
        PacketID(id.map { self[$0.rawValue].next } ?? first)
    }

    /// The one that had this identifier in the recording. Searches, for what happens seldom.
    func recorded(_ id: UInt16, _ kind: Kind) -> PacketID? {
        var place = next(after: nil)
        while let here = place {
            if self[here.rawValue].recordedID == id, self[here.rawValue].kind == kind {
                return here
            }
            place = next(after: here)
        }
        return nil
    }

    private subscript(number: UInt16) -> Entry {
        get { entries[Int(number) - 1] }
        set { entries[Int(number) - 1] = newValue }
    }

    private mutating func link(_ number: UInt16) {
        self[number].previous = last
        self[number].next = 0
        if last == 0 { first = number } else { self[last].next = number }
        last = number
    }

    private mutating func unlink(_ number: UInt16) {
        let (previous, next) = (self[number].previous, self[number].next)
        if previous == 0 { first = next } else { self[previous].next = next }
        if next == 0 { last = previous } else { self[next].previous = previous }
    }
}
