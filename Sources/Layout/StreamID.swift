/// EMQX's static topic key: names one stream, that is, all topics of a shard that differ only in varying
/// levels. Its eight bytes, big-endian, begin every key of the stream.
package struct StreamID: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension StreamID: CustomStringConvertible {
    package var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
