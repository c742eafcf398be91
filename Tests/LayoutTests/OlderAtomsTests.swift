import Layout
import Testing

/// Builds on Erlang before OTP 26 write other rows: longer atoms, and so other hashes.
@Suite struct OlderAtomsTests {
    /// SHA-256 of the improper list of root and token was computed with another program.
    @Test func theTrieHashesAtomsAsTheyAreEncoded() throws {
        // printf '\x83\x6c\0\0\0\x01\x64\0\x06prefix\x6d\0\0\0\x02ab' | sha256sum
        // printf '\x83\x6c\0\0\0\x01\x77\x06prefix\x6d\0\0\0\x02ab' | sha256sum
        for (atoms, root, id) in [
            (AtomEncoding.otp25, "640006", "eb88b918df375562"),
            (.otp26, "7706", "7ec3572c5b7068c1"),
        ] {
            var harness = TrieHarness(TopicTrie(RowFormat(atoms: atoms)))
            harness.find("ab")
            let row = try #require(harness.rows.first)
            #expect(hex(row.key) == "836802" + root + "707265666978" + "6d00000002" + "6162")
            #expect(hex(row.value) == "836d00000008" + id)
        }
    }

    /// A store that an older Erlang wrote is read, and goes on as it is told to.
    @Test(arguments: AtomEncoding.allCases, AtomEncoding.allCases)
    func rowsOfBothEncodingsAreRead(_ written: AtomEncoding, _ read: AtomEncoding) throws {
        let few = TopicTrie.Thresholds(root: 2, deeper: 2)
        var old = TrieHarness(TopicTrie(RowFormat(atoms: written, thresholds: few)))
        let topics = ["a/b", "a//c", "$s/x", "b/q", "c/d/e", "d/d/", "$t/1", "$u/1"]
        let places = topics.map { old.find($0) }
        var restorer = TrieRestorer(RowFormat(atoms: read, thresholds: few))
        for row in old.rows {
            try restorer.add(key: row.key.span.bytes, value: row.value.span.bytes)
        }
        var restored = TrieHarness(try restorer.finish())
        for (topic, place) in zip(topics, places) { #expect(restored.find(topic) == place) }
        #expect(restored.learned.rows.isEmpty)
        // The second child of "b" brings the shared edge, whose hash has an atom in it.
        #expect(restored.find("b/1") == old.find("b/1"))
        #expect((restored.find("b/2") == old.find("b/2")) == (written == read))
    }
}
