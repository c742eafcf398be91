internal import Layout

/// Which generations a shard has: one row of its default column family, under the key that EMQX uses.
///
/// The value is our own: the term `#{version => 1, generations => [{N, Since, Until, Last}]}` with times in
/// milliseconds (`Last`, the largest timestamp in it, in microseconds) and `undefined` where a generation has
/// not ended. EMQX keeps its layout's parameters there too, which here are fixed by the engine.
struct ShardSchema: Equatable {
    struct Row: Equatable {
        let number: Int
        let since: UInt64
        let until: UInt64?
        let last: UInt64?
    }

    static let key = Array("schema_v2".utf8)
    private static let version: Int64 = 1

    var rows: [Row]

    var encoded: [UInt8] {
        let list = rows.map { row in
            Term.tuple([
                .integer(Int64(row.number)), .integer(Int64(clamping: row.since)),
                Self.term(row.until), Self.term(row.last),
            ])
        }
        return Term.map([
            .atom("version"): .integer(Self.version), .atom("generations"): .list(list),
        ]).encoded
    }

    init(rows: [Row]) { self.rows = rows }

    /// - Returns: nil for what this program did not write.
    init?(decoding bytes: RawSpan) {
        guard let term = try? Term(decoding: bytes), case .map(let map) = term,
            map[.atom("version")] == .integer(Self.version),
            case .list(let list)? = map[.atom("generations")], !list.isEmpty
        else { return nil }
        rows = []
        for case .tuple(let row) in list {
            guard row.count == 4, case .integer(let number) = row[0], number > 0,
                case .integer(let since) = row[1], since >= 0
            else { return nil }
            rows.append(
                Row(
                    number: Int(number), since: UInt64(since), until: Self.time(row[2]),
                    last: Self.time(row[3])))
        }
        guard rows.count == list.count, rows.last?.until == nil else { return nil }
    }

    private static func term(_ time: UInt64?) -> Term {
        time.map { .integer(Int64(clamping: $0)) } ?? .atom("undefined")
    }

    private static func time(_ term: Term) -> UInt64? {
        if case .integer(let time) = term, time >= 0 { UInt64(time) } else { nil }
    }
}
