/// Recognises what captures hold twice: a frame that two files have, and a segment that was seen on two
/// interfaces on its way, as with `tcpdump -i any`. A segment that was sent again is neither: it has another
/// number or checksum, or comes later.
///
/// Of the frames seen last a fingerprint is kept, in a table of fixed size.
struct CopyFilter {
    enum Verdict {
        case new
        /// The same frame at the same time.
        case duplicate
        /// The same segment with another link header, or at once again.
        case copy
    }

    private struct Entry {
        /// Of the segment itself, whatever carried it; 0 where free.
        var content: UInt64 = 0
        /// Of the link header, the interface and the hops left.
        var link: UInt64 = 0
        var time: Int64 = 0
    }

    /// A power of two: a tenth of a second at 40,000 segments per second.
    private static let size = 4_096
    /// How far two sights of one segment may lie apart, in nanoseconds: on another link as long as no
    /// sender waits before it sends again (Linux: 200 ms), on the same link only what a switch or a driver
    /// needs that delivers twice.
    private static let distance = (otherLink: Int64(100_000_000), sameLink: Int64(100_000))

    private var entries = [Entry](repeating: Entry(), count: size)

    mutating func judge(_ segment: Segment, _ bytes: RawSpan, _ frame: Frame) -> Verdict {
        guard frame.isTimed, let network = segment.network else { return .new }
        // Numbers, flags and window; the checksum covers the options and the payload as well.
        let header = segment.header
        let numbers = mixed(
            bytes.eight(at: header + 4) ^ MixingWord.a, bytes.eight(at: header + 12) ^ MixingWord.b)
        let hosts = mixed(
            segment.source.mixed ^ MixingWord.c,
            segment.destination.mixed &+ UInt64(segment.identification) &+ MixingWord.d)
        let length = UInt64(segment.payload.count) << 32 | UInt64(segment.cut)
        let content = mixed(numbers ^ length, hosts | 1)
        let hops = bytes.byte(at: network + (bytes.byte(at: network) >> 4 == 4 ? 8 : 7))
        let link = Self.link(bytes, before: network, frame) &+ UInt64(hops)
        return judge(content, link, frame.time)
    }

    /// Frames without TCP are duplicates only if every byte is the same.
    mutating func judge(whole bytes: RawSpan, _ frame: Frame) -> Verdict {
        guard frame.isTimed else { return .new }
        let verdict = judge(mixed(bytes) | 1, UInt64(frame.interface), frame.time)
        return verdict == .duplicate ? .duplicate : .new
    }

    private mutating func judge(_ content: UInt64, _ link: UInt64, _ time: Int64) -> Verdict {
        let slot = Int(truncatingIfNeeded: content) & (Self.size - 1)
        let known = entries[slot]
        if known.content == content {
            let distance = abs(time - known.time)
            if known.link == link {
                if distance == 0 { return .duplicate }
                if distance <= Self.distance.sameLink { return .copy }
            } else if distance <= Self.distance.otherLink {
                return .copy
            }
        }
        entries[slot] = Entry(content: content, link: link, time: time)
        return .new
    }

    private static func link(_ bytes: RawSpan, before network: Int, _ frame: Frame) -> UInt64 {
        let interface = UInt64(frame.interface) << 32 | UInt64(network)
        guard network >= 8 else {
            return network >= 4 ? interface ^ UInt64(bytes.four(at: 0)) << 8 : interface
        }
        return mixed(
            bytes.eight(at: network - 8) ^ MixingWord.a,
            bytes.eight(at: max(0, network - 16)) ^ interface ^ MixingWord.c)
    }
}
