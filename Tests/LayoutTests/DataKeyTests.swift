import Layout
import Measure
import Testing

@Suite struct DataKeyTests {
    /// Checklist 11. Fails if a key has another size: 18 and 26 bytes in EMQX 5.8.
    @Test func keysOf58HaveEighteenAndTwentySixBytes() throws {
        let stream = StreamID(rawValue: 0x0102_0304_0506_0708)
        var data: [UInt8] = []
        data.appendDataKey(stream, timestamp: 0x1112_1314_1516_1718)
        #expect(hex(data) == "0102030405060708" + "0000" + "1112131415161718")
        var index: [UInt8] = []
        index.appendIndexKey(
            stream, level: 0x203, token: TokenHash(rawValue: 0xA1A2_A3A4_A5A6_A7A8), timestamp: 5)
        #expect(hex(index) == "0102030405060708" + "0203" + "a1a2a3a4a5a6a7a8" + "0000000000000005")

        let key = try #require(parsed(data, .skipstream))
        #expect(key.stream == stream && key.level == 0 && key.token == nil)
        #expect(key.timestamp == 0x1112_1314_1516_1718)
        let row = try #require(parsed(index, .skipstream))
        #expect(row.level == 0x203 && row.token?.rawValue == 0xA1A2_A3A4_A5A6_A7A8)
        #expect(row.timestamp == 5)
    }

    /// 19 bytes without varying levels, as measured (reference 8.7); with some, their words follow.
    @Test func keysOf6CarryTheVaryingWords() throws {
        let stream = StreamID(rawValue: 7)
        let topic = Array("a/bc//d".utf8)
        for (varying, words) in [
            ([], "00"), ([0..<1], "01" + "0161"),
            ([2..<4, 5..<5, 6..<7], "03" + "026263" + "00" + "0164"),
        ] as [([Range<Int>], String)] {
            var bytes: [UInt8] = []
            bytes.appendDataKey(stream, timestamp: 9)
            bytes.appendWords(varying, of: topic.span.bytes)
            #expect(hex(bytes.dropFirst(18)) == words)
            let key = try #require(parsed(bytes, .skipstreamV2))
            #expect(key.stream == stream && key.timestamp == 9 && key.level == 0)
            #expect(
                try self.varying(of: bytes)
                    == Array(varying.map { topic[$0] }.joined(separator: [0x2F])))
            #expect(parsed(bytes, .skipstream) == nil)
            // A key may not end before its words do, nor go on behind them.
            #expect(throws: LayoutError.self) { try self.varying(of: bytes + [0]) }
            guard !varying.isEmpty else { continue }
            #expect(throws: LayoutError.self) { try self.varying(of: bytes.dropLast()) }
        }
    }

    /// More levels than one fragment of a list holds.
    @Test func aTopicMayVaryInEveryLevel() throws {
        let topic = [UInt8](repeating: 0x2F, count: 65_534)
        var bytes: [UInt8] = []
        bytes.appendDataKey(StreamID(rawValue: 1), timestamp: 1)
        bytes.appendWords((0...65_534).map { $0..<$0 }, of: topic.span.bytes)
        #expect(try varying(of: bytes) == topic)
    }

    @Test func damagedKeysAreRefusedOrReadButNeverCrash() {
        var seed = Seed(3)
        let topic = Array("one/two".utf8)
        var key: [UInt8] = []
        key.appendIndexKey(
            StreamID(rawValue: 1), level: 2, token: TokenHash(rawValue: 3), timestamp: 4)
        key.appendWords([0..<3, 4..<7], of: topic.span.bytes)
        for _ in 0..<5_000 {
            let broken = damaged(damaged(key + [0], using: &seed) + [0], using: &seed)
            _ = parsed(broken, .skipstream)
            _ = try? varying(of: broken)
        }
    }

    private func parsed(_ bytes: [UInt8], _ scheme: KeyScheme) -> DataKey? {
        DataKey(bytes.span.bytes, scheme)
    }

    private func varying(of bytes: [UInt8]) throws -> [UInt8] {
        var joined: [UInt8] = []
        guard let key = parsed(bytes, .skipstreamV2) else { throw LayoutError.truncated(offset: 0) }
        try key.appendVarying(of: bytes.span.bytes, to: &joined)
        return joined
    }
}
