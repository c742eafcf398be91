/// One frame of a capture: where its bytes lie in the window, and what the container says about it.
struct Frame {
    /// Counts from 1, as Wireshark does.
    let number: Int
    /// Where its record or block begins in the decompressed file.
    let offset: Int
    /// Nanoseconds since the epoch.
    let time: Int64
    /// The container says when it was. If not (simple packet blocks), `time` is that of the frame before.
    var isTimed = true
    let link: LinkType
    /// Which interface of its section captured it, where the container tells them apart.
    var interface: UInt32 = 0
    /// In the window of the `CaptureInput` that it was read from.
    let bytes: Range<Int>
    /// Bytes on the wire; more than `bytes` holds if the capture was limited by a snap length.
    let wireLength: Int

    var isCut: Bool { wireLength > bytes.count }
}

/// The largest frame and block that are believed. The largest that libpcap writes for networks has
/// 256 KiB; a length beyond this is a damaged file, and would cost memory.
let largestFrame = 16 << 20

/// Times are kept where the difference of any two is still a number of nanoseconds: 1970 to 2096.
func clampedTime(_ nanoseconds: UInt64) -> Int64 {
    Int64(min(nanoseconds, 4_000_000_000_000_000_000))
}
