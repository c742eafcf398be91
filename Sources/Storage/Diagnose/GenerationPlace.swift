internal import Layout

/// The column families of one generation of a shard, and what their names say of its layout.
struct GenerationPlace: Equatable {
    let generation: Int
    /// As the names have it, without prefix and number: `skipstream_lts_v2`.
    let layout: String
    /// Indices in the shard's list of column families.
    let data: Int
    let trie: Int?

    /// Before every column family of messages (emqx_ds_storage_layer and its layouts name theirs after
    /// their modules).
    private static let prefix = "emqx_ds_storage_"

    /// EMQX 5.8 to 5.10 and EMQX 6; of other layouts (reference, bitfield_lts) rows are only counted.
    private static let schemes: [String: KeyScheme] = [
        "skipstream_lts": .skipstream, "skipstream_lts_v2": .skipstreamV2,
    ]

    /// Nil of a layout that is not known.
    var keys: KeyScheme? { Self.schemes[layout] }

    /// By generation: every family with EMQX's prefix and a number, tries with their data.
    static func all(_ families: [String]) -> [GenerationPlace] {
        families.indices.compactMap { GenerationPlace(families, at: $0) }
            .sorted { ($0.generation, $0.data) < ($1.generation, $1.data) }
    }

    private init?(_ families: [String], at index: Int) {
        let name = families[index]
        let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }
        guard name.hasPrefix(Self.prefix), let number = Int(String(digits.reversed())) else {
            return nil
        }
        var stem = name.dropFirst(Self.prefix.count).dropLast(digits.count)
        func named(_ kind: String) -> Int? {
            families.firstIndex(of: Self.prefix + stem + "_\(kind)\(number)")
        }
        if stem.hasSuffix("_trie") {
            stem = stem.dropLast(5)
            // It comes with its data.
            guard named("data") == nil else { return nil }
        } else if stem.hasSuffix("_data") {
            stem = stem.dropLast(5)
        }
        generation = number
        layout = String(stem)
        data = index
        trie = named("trie").flatMap { $0 == index ? nil : $0 }
    }
}
