internal import MQTT
internal import Measure

/// Steps in the order of time, numbered from 0, of which the oldest are let go.
struct DelayLine {
    private var steps: [(step: TimelineStep, packet: Range<Int>)] = []
    private var bytes: [UInt8] = []
    /// Number of the first step that is kept, and where its packet begins in all bytes that ever were.
    private var first = 0
    private var firstByte = 0

    /// Of the packets, those that may be let go included.
    var byteCount: Int { bytes.count }

    mutating func append(_ step: TimelineStep, _ packet: RawSpan) {
        let start = firstByte + bytes.count
        packet.withUnsafeBytes { bytes.append(contentsOf: $0) }
        steps.append((step, start..<start + packet.byteCount))
    }

    func step(_ number: Int) -> TimelineStep { steps[number - first].step }

    /// When the step is due; nil if there is none yet.
    func offset(_ number: Int) -> Nanoseconds? {
        number - first < steps.count ? steps[number - first].step.offset : nil
    }

    func withPacket(_ number: Int, _ body: (RawSpan) -> Void) {
        let range = steps[number - first].packet
        body(
            bytes.span.bytes.extracting(
                range.lowerBound - firstByte..<range.upperBound - firstByte))
    }

    /// Lets go what comes before that step, once that is so much that moving the rest pays.
    mutating func trim(upTo number: Int) {
        let count = number - first
        let end =
            count < steps.count ? steps[count].packet.lowerBound : firstByte + bytes.count
        let freed = end - firstByte
        guard count >= max(512, steps.count / 2) || freed >= max(4 << 20, bytes.count / 2) else {
            return
        }
        bytes.removeFirst(freed)
        steps.removeFirst(count)
        (first, firstByte) = (number, end)
    }
}
