internal import Crypto

/// Replaces payloads by bytes of the same number that compress as well and hold nothing of them.
///
/// What a compressor finds in payloads are repetitions, and how often each byte stands between them. So
/// payloads are read as a compressor reads them: what repeats something repeats its replacement, and at one
/// place of such payloads equal bytes become equal. Which byte becomes which is drawn at random.
/// What remains is the skeleton: lengths, and which parts equal which.
///
/// Payloads that are alike keep a window of their own, since they lie side by side where they are stored.
struct PayloadSkeleton {
    private let key: AnonymisationKey
    private var windows: [PayloadKind: PayloadWindow] = [:]
    /// When each was used last.
    private var used: [PayloadKind: Int] = [:]
    private var clock = 0

    /// Windows of 0.7 to 1.3 MB.
    private static let limit = 64

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

/// Payloads that are likely to repeat each other: texts of one kind of topic, or what is no text.
struct PayloadKind: Hashable {
    let isText: Bool
    let number: UInt64

    /// Bytes that tell what is a text.
    private static let look = 8

    init(_ payload: ArraySlice<UInt8>, _ topic: UInt64) {
        isText = payload.prefix(Self.look).allSatisfy { 0x20..<0x7F ~= $0 }
        number = topic ^ (isText ? 1 : 0)
    }
}
