import Crypto
import Layout
import Measure
import Testing

@Suite struct TokenHashTests {
    /// Lengths around the end of a block, where padding needs a second one.
    @Test(arguments: [0, 1, 8, 54, 55, 56, 63, 64, 65, 119, 120, 128, 1000])
    func aTokenHashIsTheFirstHalfOfMD5(_ count: Int) {
        var seed = Seed(UInt64(count))
        let token = (0..<count).map { _ in UInt8.random(in: 0...255, using: &seed) }
        var wanted: UInt64 = 0
        for byte in Insecure.MD5.hash(data: token).prefix(8) { wanted = wanted << 8 | UInt64(byte) }
        let hash = TokenHash(of: token.span.bytes)
        #expect(hash.rawValue == wanted)
    }
}
