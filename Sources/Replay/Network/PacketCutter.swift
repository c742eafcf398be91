internal import MQTT
internal import NIOCore

/// Cuts what a target sends on one connection into packets, and says when it is none of a broker's.
struct PacketCutter {
    private var received = ByteBuffer()
    /// A CONNACK has come.
    private var hasSpoken = false

    /// What follows the whole packets cannot become one, and these bytes show it.
    struct Garbage: Equatable {
        let head: [UInt8]
        let why: String
    }

    /// - Parameter body: gets all whole packets, one behind the other, and the length of each; not called if there
    ///   are none.
    mutating func cut(
        _ new: ByteBuffer, _ body: (_ packets: RawSpan, _ lengths: [Int]) -> Void
    ) -> Garbage? {
        var new = new
        if received.readableBytes == 0 { received = new } else { received.writeBuffer(&new) }
        var garbage: Garbage?
        var lengths: [Int] = []
        let used = received.withUnsafeReadableBytes { bytes in
            let span = bytes.bytes
            var offset = 0
            while offset < span.byteCount {
                do throws(CodecError) {
                    let header = try FixedHeader.read(span, at: offset)
                    if let why = wrong(header) {
                        garbage = Self.garbage(span, offset, why)
                        break
                    }
                    guard offset + header.packetLength <= span.byteCount else { break }
                    hasSpoken = true
                    offset += header.packetLength
                    lengths.append(header.packetLength)
                } catch {
                    if case .incomplete = error { break }
                    garbage = Self.garbage(span, offset, "\(error)")
                    break
                }
            }
            if offset > 0 { body(span.extracting(0..<offset), lengths) }
            return offset
        }
        if used == received.readableBytes {
            // Without a reference to it, the channel can read into the same memory again.
            received = ByteBuffer()
        } else {
            received.moveReaderIndex(forwardBy: used)
        }
        return garbage
    }

    /// - Returns: why a broker would not send this now; nil if it might.
    private func wrong(_ header: FixedHeader) -> String? {
        switch header.type {
        case .connect, .subscribe, .unsubscribe, .pingreq:
            "\(header.type.name) is not a broker's to send"
        case .connack, .auth:
            !hasSpoken && header.packetLength > Self.largestConnack
                ? "\(header.type.name) would have \(header.packetLength) bytes" : nil
        default: hasSpoken ? nil : "CONNACK has to come first"
        }
    }

    private static func garbage(_ bytes: RawSpan, _ offset: Int, _ why: String) -> Garbage {
        let head = bytes.extracting(offset..<min(offset + 4, bytes.byteCount))
        return Garbage(head: head.withUnsafeBytes { Array($0) }, why: why)
    }

    /// A CONNACK with all that version 5 may put into it is smaller, bytes.
    private static let largestConnack = 1 << 20
}
