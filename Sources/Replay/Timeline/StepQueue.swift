internal import MQTT
internal import Traffic

/// Steps with their packets that are kept until they are due, first in first out.
struct StepQueue {
    private var steps: [(step: TimelineStep, packet: Range<Int>)] = []
    private var bytes: [UInt8] = []
    private var place = 0

    var isEmpty: Bool { place == steps.count }
    var count: Int { steps.count - place }
    /// Of the packets that are kept.
    var byteCount: Int { bytes.count }
    var first: TimelineStep? { isEmpty ? nil : steps[place].step }

    mutating func append(_ step: TimelineStep, _ packet: RawSpan = RawSpan()) {
        let start = bytes.count
        packet.withUnsafeBytes { bytes.append(contentsOf: $0) }
        steps.append((step, start..<bytes.count))
    }

    /// Takes the next step out and puts its packet into `packet`.
    mutating func next(_ packet: inout [UInt8]) -> TimelineStep? {
        guard !isEmpty else { return nil }
        let (step, range) = steps[place]
        packet.removeAll(keepingCapacity: true)
        packet.append(contentsOf: bytes[range])
        place += 1
        if isEmpty {
            steps.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
            place = 0
        }
        return step
    }
}
