/// One end of a TCP connection as it was seen on the wire.
package struct Endpoint: Hashable, Sendable {
    /// IPv4 addresses lie in the last four bytes, as ::ffff:a.b.c.d.
    private let high: UInt64
    private let low: UInt64
    package let port: UInt16

    private static let mapped: UInt64 = 0xFFFF_0000_0000

    init(high: UInt64, low: UInt64, port: UInt16) {
        (self.high, self.low, self.port) = (high, low, port)
    }

    init(ipv4: UInt32, port: UInt16) {
        self.init(high: 0, low: Self.mapped | UInt64(ipv4), port: port)
    }

    /// - Precondition: `address` has 4 or 16 bytes.
    package init(address: [UInt8], port: UInt16) {
        precondition(address.count == 4 || address.count == 16)
        func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        if address.count == 4 {
            self.init(ipv4: UInt32(word(address[...])), port: port)
        } else {
            self.init(high: word(address[..<8]), low: word(address[8...]), port: port)
        }
    }

    /// 4 or 16 bytes.
    package var address: [UInt8] {
        func bytes(_ word: UInt64) -> [UInt8] {
            stride(from: 56, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: word >> UInt64($0))
            }
        }
        return isIPv4 ? Array(bytes(low).suffix(4)) : bytes(high) + bytes(low)
    }

    func with(port: UInt16) -> Endpoint { Endpoint(high: high, low: low, port: port) }

    private var isIPv4: Bool { high == 0 && low & ~0xFFFF_FFFF == Self.mapped }

    /// All of it in one word.
    var mixed: UInt64 {
        high &* MixingWord.a ^ low &* MixingWord.b ^ UInt64(port) &* MixingWord.c
    }

    /// Any order will do: it makes one key of the two directions of a connection.
    static func precedes(_ a: Endpoint, _ b: Endpoint) -> Bool {
        if a.port != b.port { return a.port < b.port }
        return a.low != b.low ? a.low < b.low : a.high < b.high
    }
}

extension Endpoint: CustomStringConvertible {
    /// "192.0.2.7:51234" or "[2001:db8:0:0:0:0:0:7]:51234".
    package var description: String {
        if isIPv4 { return address.map { "\($0)" }.joined(separator: ".") + ":\(port)" }
        let bytes = address
        let groups = stride(from: 0, to: 16, by: 2).map {
            String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
        }
        return "[\(groups.joined(separator: ":"))]:\(port)"
    }
}
