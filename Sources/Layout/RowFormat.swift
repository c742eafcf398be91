/// How EMQX turns messages into rows, which differs from version to version: what all keys and values of
/// one shard have in common.
package struct RowFormat: Equatable, Sendable {
    package var values: ValueFormat
    package var keys: KeyScheme
    package var atoms: AtomEncoding
    /// Of the learned topic trie.
    package var thresholds: TopicTrie.Thresholds

    /// Without arguments: what an official build of EMQX 5.8 writes with its standard layout.
    package init(
        values: ValueFormat = .v1, keys: KeyScheme = .skipstream, atoms: AtomEncoding = .otp26,
        thresholds: TopicTrie.Thresholds = .emqx
    ) {
        self.values = values
        self.keys = keys
        self.atoms = atoms
        self.thresholds = thresholds
    }
}

/// How a message is serialised: `layout.serialization_schema` of EMQX 5.8 to 5.10.
package enum ValueFormat: String, Codable, CaseIterable, Sendable {
    /// A tuple in Erlang's external term format; the standard of 5.8 to 5.10.
    case v1
    /// ASN.1, aligned packed encoding rules (ITU-T X.691) of the schema `DurableMessage`; all that 6.0 and
    /// later write.
    case asn1
}

extension ValueFormat {
    /// Bytes that a string of `count` bytes takes in a value, with what says how long it is.
    package func size(ofString count: Int) -> Int {
        switch self {
        // A tag and four bytes of length.
        case .v1: return 5 + count
        case .asn1:
            var (size, rest) = (count, count)
            while rest >= PERFragment.unit {
                size += 1
                rest -= min(rest / PERFragment.unit, PERFragment.unitsAtMost) * PERFragment.unit
            }
            return size + (rest < 0x80 ? 1 : 2)
        }
    }
}

/// How the keys of the data column family are made.
package enum KeyScheme: String, Codable, CaseIterable, Sendable {
    /// EMQX 5.8 to 5.10, layout wildcard_optimized_v2: 18 bytes for a message, 26 for an index row; the
    /// tokens of varying levels stand in the value.
    case skipstream
    /// EMQX 6, layout wildcard_optimized: behind the timestamp stand the tokens of the varying levels, as
    /// the ASN.1 type `TopicWords` (packed: their number, then each with its length), and the value has no
    /// topic. That gives the 19 bytes measured for a message without varying levels (reference 8.7);
    /// keys with varying levels were read in EMQX's sources (emqx_ds_storage_skipstream_lts_v2,
    /// DSMetadataCommon.asn), not measured.
    case skipstreamV2 = "skipstream_v2"
}

/// How Erlang writes atoms, which changes the sizes of v1 values and, through the hashes of the trie, all
/// stream ids.
package enum AtomEncoding: String, Codable, CaseIterable, Sendable {
    /// OTP 26 and later: SMALL_ATOM_UTF8_EXT, one length byte. Official builds of EMQX 5.8.9 use 26.2.5.
    case otp26
    /// Before: ATOM_EXT, two length bytes.
    case otp25
}
