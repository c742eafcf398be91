internal import MQTT
internal import Measure

/// Steps in the order of time, numbered from 0, of which the oldest are let go.
struct DelayLine {
    /// A step, and what has to be known to do it once more.
    struct Entry {
        let step: TimelineStep
        /// Of the connection.
        let version: ProtocolVersion
        /// Where in a PUBLISH a clone's mark goes; nil if nowhere, or if it is no PUBLISH.
        let place: Int?
    }

    private var entries: [(entry: Entry, packet: Range<Int>)] = []
    private var bytes: [UInt8] = []
    /// Number of the first step that is kept, and where its packet begins in all bytes that ever were.
    private var first = 0
    private var firstByte = 0

    /// Of the packets, those that may be let go included.
    var byteCount: Int { bytes.count }

    mutating func append(_ entry: Entry, _ packet: RawSpan) {
        let start = firstByte + bytes.count
        packet.withUnsafeBytes { bytes.append(contentsOf: $0) }
        entries.append((entry, start..<start + packet.byteCount))
    }

    subscript(number: Int) -> Entry { entries[number - first].entry }

    /// When the step is due; nil if there is none yet.
    func offset(_ number: Int) -> Nanoseconds? {
        number - first < entries.count ? entries[number - first].entry.step.offset : nil
    }

    func withPacket(_ number: Int, _ body: (RawSpan) -> Void) {
        let range = entries[number - first].packet
        body(
            bytes.span.bytes.extracting(
                range.lowerBound - firstByte..<range.upperBound - firstByte))
    }

    /// Lets go what comes before that step, once that is so much that moving the rest pays.
    mutating func trim(upTo number: Int) {
        let count = number - first
        let end =
            count < entries.count ? entries[count].packet.lowerBound : firstByte + bytes.count
        let freed = end - firstByte
        guard count >= max(512, entries.count / 2) || freed >= max(4 << 20, bytes.count / 2) else {
            return
        }
        bytes.removeFirst(freed)
        entries.removeFirst(count)
        (first, firstByte) = (number, end)
    }
}
