internal import Crypto

/// Replaces payloads by bytes of the same number that compress as well and hold nothing of them.
///
/// What a compressor finds in payloads are repetitions, and how often each byte stands between them. So
/// payloads are read as a compressor reads them: what repeats something repeats its replacement, and every
/// other byte is drawn at random from such bytes of payloads before, with every value exchanged for another.
/// What remains is the skeleton: lengths, and which parts equal which.
///
/// Payloads that are alike keep a window of their own, since they lie side by side where they are stored.
struct PayloadSkeleton {
    private let key: AnonymisationKey
    private var windows: [PayloadKind: PayloadWindow] = [:]
    /// When each was used last.
    private var used: [PayloadKind: Int] = [:]
    private var clock = 0

    /// Windows of 0.6 MB.
    private static let limit = 32
    init(_ key: AnonymisationKey) { self.key = key }

    /// - Parameter topic: which kind of topic it was sent to.
    mutating func replace(_ bytes: inout [UInt8], _ range: Range<Int>, topic: UInt64) {
        guard !range.isEmpty else { return }
        let kind = PayloadKind(bytes[range], topic)
        clock += 1
        used[kind] = clock
        if windows[kind] == nil {
            if windows.count >= Self.limit, let oldest = used.min(by: { $0.value < $1.value })?.key
            {
                (windows[oldest], used[oldest]) = (nil, nil)
            }
            windows[kind] = PayloadWindow(key, kind)
        }
        // In parts that a window has room for.
        for start in stride(from: range.lowerBound, to: range.upperBound, by: PayloadWindow.size) {
            let end = min(start + PayloadWindow.size, range.upperBound)
            windows[kind]?.replace(&bytes, start..<end)
        }
    }
}

/// Payloads that are likely to repeat each other.
struct PayloadKind: Hashable {
    let isText: Bool
    let number: UInt64

    /// Bytes by whose look they are told apart, with all figures alike.
    private static let look = 8

    init(_ payload: ArraySlice<UInt8>, _ topic: UInt64) {
        let head = payload.prefix(Self.look)
        isText = head.allSatisfy { 0x20..<0x7F ~= $0 }
        number = topic ^ (isText ? fnv(head.map { 0x30..<0x3A ~= $0 ? 0x30 : $0 }) : 0)
    }
}
