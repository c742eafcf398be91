internal import MQTT
internal import Measure

/// A message of which the ledger tells, while it is judged.
struct Message {
    let content: UInt64
    let intended: MonotonicTime
    let sent: MonotonicTime
    /// When the broker took it.
    var answered: MonotonicTime?
    let topic: UInt32
    /// Counts the messages on its topic, from 0.
    let ordinal: UInt32
    let publisher: UInt32
    /// The next with the same topic and content; of the last one, the first.
    fileprivate(set) var next: UInt32 = 0
    /// Seconds; 0 if it never expires.
    let expiry: UInt32
    /// Kills before it was sent, up to 255.
    let epoch: UInt8
    let qos: QoS
    let isEmpty: Bool
    let isWill: Bool
    /// Its publisher sent it more than once.
    var wasResent = false
    /// Since a kill the broker may know its identifier still as that of an earlier message.
    var isShadowed = false
    /// Whether somebody was there to whom it was owed, and whether it is still owed to one of them: of wills.
    var isWitnessed = false, isMissed = false
}

/// The messages of the topics that are judged, found by topic and content. Those that are the same in both are kept
/// in a ring, in the order in which they were sent.
struct MessageTable {
    private(set) var messages: [Message] = []
    /// The last message of each ring, by hash; `empty` where there is none. A power of two, at most half full.
    private var rings: [UInt32]
    private var ringCount = 0

    private static let empty = UInt32.max
    /// Bytes of memory that a message takes, with its place in the rings, on its topic and with a few subscribers.
    static let bytesPerMessage = MemoryLayout<Message>.stride + 4 * MemoryLayout<UInt32>.size + 16

    /// - Parameter count: messages that will be added, or a few more.
    init(for count: Int) {
        messages.reserveCapacity(count)
        var places = 1 << 10
        while places < 2 * count { places *= 2 }
        rings = [UInt32](repeating: Self.empty, count: places)
    }

    subscript(index: Int) -> Message {
        get { messages[index] }
        _modify { yield &messages[index] }
    }

    mutating func add(_ message: Message) -> Int {
        if ringCount * 2 >= rings.count { grow() }
        let index = messages.count
        let place = place(of: message.content, message.topic)
        var message = message
        if rings[place] == Self.empty {
            ringCount += 1
            message.next = UInt32(index)
        } else {
            let last = Int(rings[place])
            message.next = messages[last].next
            messages[last].next = UInt32(index)
        }
        rings[place] = UInt32(index)
        messages.append(message)
        return index
    }

    func first(_ content: UInt64, on topic: Int) -> Int? {
        let last = rings[place(of: content, UInt32(topic))]
        return last == Self.empty ? nil : Int(messages[Int(last)].next)
    }

    func last(_ content: UInt64, on topic: Int) -> Int? {
        let last = rings[place(of: content, UInt32(topic))]
        return last == Self.empty ? nil : Int(last)
    }

    /// The next one with the same topic and content.
    func next(after index: Int) -> Int? {
        let next = Int(messages[index].next)
        return next > index ? next : nil
    }

    private func place(of content: UInt64, _ topic: UInt32) -> Int {
        let mask = rings.count - 1
        var place =
            Int(truncatingIfNeeded: content &+ UInt64(topic) &* 0x9E37_79B9_7F4A_7C15) & mask
        while rings[place] != Self.empty {
            let found = messages[Int(rings[place])]
            if found.content == content, found.topic == topic { break }
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func grow() {
        let old = rings
        rings = [UInt32](repeating: Self.empty, count: old.count * 2)
        for last in old where last != Self.empty {
            let message = messages[Int(last)]
            rings[place(of: message.content, message.topic)] = last
        }
    }
}
