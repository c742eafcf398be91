/// A capture made longer: each of its connections many times at once, and all of it again and again, later
/// each time. What a long recording of a large fleet is like, from a short one of a small fleet.
///
/// Copies have addresses of their own, rounds have sequence numbers of their own. Checksums are not
/// corrected: nothing here asks for them.
package struct RepeatedCapture {
    /// Connections of the capture at the same time, in every round.
    package let copies: Int
    /// Of one round, without the header of the file.
    package let roundBytes: Int
    private let frames: [Kept]
    private let bytes: [UInt8]
    private let link: LinkType
    /// From one round to the next, in nanoseconds.
    private let period: Int64

    private struct Kept {
        let time: Int64
        let bytes: Range<Int>
        /// Where the IPv4 and the TCP header begin, in the frame.
        let network: Int
        let transport: Int
    }

    private static let recordLength = 16
    /// Between the copies of one frame, in nanoseconds.
    private static let step: Int64 = 100
    /// What a round adds to sequence numbers, so that its connections are others on the same ports.
    private static let shift: UInt32 = 0x1357_9BDF

    /// Takes the TCP segments over IPv4 out of one capture; all its frames must have one link type.
    package init(_ path: String, copies: Int) throws(CaptureError) {
        precondition(1...0xFFFF ~= copies)
        var input = try CaptureInput(path: path)
        var format = try CaptureFormats.open(&input)
        var (frames, bytes, link): ([Kept], [UInt8], LinkType?) = ([], [], nil)
        while let frame = try format.next(&input) {
            let span = input.window.span.bytes.extracting(frame.bytes)
            guard
                case .segment(let segment) = Dissection(
                    span, link: frame.link, wireLength: frame.wireLength),
                let network = segment.network, span.byte(at: network) >> 4 == 4,
                link == nil || link == frame.link
            else { continue }
            link = frame.link
            let start = bytes.count
            bytes += input.window[frame.bytes]
            frames.append(
                Kept(
                    time: frame.time, bytes: start..<bytes.count, network: network,
                    transport: segment.header))
        }
        guard let link, let first = frames.first, let last = frames.last else {
            throw .noMQTT(paths: [path], frames: 0, doubts: ["no TCP over IPv4"])
        }
        (self.frames, self.bytes, self.link, self.copies) = (frames, bytes, link, copies)
        period = max(0, last.time - first.time) + 1_000_000_000
        roundBytes = copies * (bytes.count + frames.count * Self.recordLength)
    }

    /// The head of a pcap file with times in nanoseconds.
    package var header: [UInt8] {
        var header: [UInt8] = []
        for word in [0xA1B2_3C4D, 0x0004_0002, 0, 0, 0x0004_0000, link.rawValue] {
            header.append(little: word)
        }
        return header
    }

    /// Hands the records of one round to `write`, some at a time, in the order of their times.
    package func write<Failure: Error>(
        round: Int, _ write: (borrowing [UInt8]) throws(Failure) -> Void
    ) throws(Failure) {
        var buffer: [UInt8] = []
        buffer.reserveCapacity(1 << 17)
        for frame in frames {
            for copy in 0..<copies {
                append(frame, copy, round, to: &buffer)
                guard buffer.count >= 1 << 16 else { continue }
                try write(buffer)
                buffer.removeAll(keepingCapacity: true)
            }
        }
        try write(buffer)
    }

    private func append(_ frame: Kept, _ copy: Int, _ round: Int, to buffer: inout [UInt8]) {
        let time = frame.time + Int64(round) * period + Int64(copy) * Self.step
        buffer.append(little: UInt32(truncatingIfNeeded: time / 1_000_000_000))
        buffer.append(little: UInt32(truncatingIfNeeded: time % 1_000_000_000))
        buffer.append(little: UInt32(frame.bytes.count))
        buffer.append(little: UInt32(frame.bytes.count))
        let start = buffer.count
        buffer += bytes[frame.bytes]
        // 10.x.y.z for both ends: the ports tell them apart, as they did.
        for address in [start + frame.network + 12, start + frame.network + 16] {
            buffer[address] = 10
            buffer[address + 1] = UInt8(truncatingIfNeeded: copy >> 8)
            buffer[address + 2] = UInt8(truncatingIfNeeded: copy)
        }
        let shift = UInt32(truncatingIfNeeded: round) &* Self.shift
        for number in [start + frame.transport + 4, start + frame.transport + 8] {
            let value = buffer.span.bytes.four(at: number) &+ shift
            for index in 0..<4 {
                buffer[number + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index))
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(little value: UInt32) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
