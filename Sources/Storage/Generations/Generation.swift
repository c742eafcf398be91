internal import Layout
internal import Synchronization

/// One generation of a shard: a pair of column families, and the topic structure learned in it. Messages go
/// to the last one; the others are only read, until they are dropped as a whole (reference 4.4).
final class Generation: Sendable {
    /// Indices in the shard's database.
    struct Families: Sendable, Equatable {
        let data: Int
        let trie: Int

        /// Of a new shard, in the order of the engine's list.
        static let first = Families(
            data: EngineModel.Family.data, trie: EngineModel.Family.trie)
    }

    /// From 1, as in the names of the column families.
    let number: Int
    /// When it began, wall clock, milliseconds.
    let since: UInt64
    let families: Families
    /// The writer holds it for a batch, readers for a look.
    let trie: Mutex<TopicTrie>
    /// When the next one began; `.max` while there is none.
    private let ended: Atomic<UInt64>
    private let lastTimestamp: Atomic<UInt64>

    init(_ row: ShardSchema.Row, families: Families, trie: TopicTrie) {
        number = row.number
        since = row.since
        ended = Atomic(row.until ?? .max)
        lastTimestamp = Atomic(row.last ?? .max)
        self.families = families
        self.trie = Mutex(trie)
    }

    /// When it ended, wall clock, milliseconds; nil for the current one.
    var until: UInt64? {
        let time = ended.load(ordering: .acquiring)
        return time == .max ? nil : time
    }

    /// No message in it has a larger timestamp, microseconds; `.max` for the current one.
    var last: UInt64 { lastTimestamp.load(ordering: .acquiring) }

    /// - Parameters:
    ///   - last: timestamp of the shard's last message, microseconds.
    func end(at until: UInt64, last: UInt64) {
        lastTimestamp.store(last, ordering: .releasing)
        ended.store(until, ordering: .releasing)
    }

    var row: ShardSchema.Row {
        ShardSchema.Row(
            number: number, since: since, until: until, last: last == .max ? nil : last)
    }

    /// Names of the pair, as EMQX calls them: those of the first one with another number.
    static func names(_ number: Int, of engine: EngineModel) -> (data: String, trie: String) {
        (
            prefix(engine, EngineModel.Family.data) + "\(number)",
            prefix(engine, EngineModel.Family.trie) + "\(number)"
        )
    }

    /// The generation that a column family belongs to; nil for others.
    static func number(of name: String, _ engine: EngineModel) -> Int? {
        for family in [EngineModel.Family.data, EngineModel.Family.trie] {
            let prefix = prefix(engine, family)
            guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)) else {
                continue
            }
            return number
        }
        return nil
    }

    private static func prefix(_ engine: EngineModel, _ family: Int) -> String {
        String(engine.families[family].dropLast())
    }
}

/// A generation as others see it.
package struct GenerationSpan: Sendable, Equatable {
    package let number: Int
    /// Wall clock, milliseconds.
    package let since: UInt64
    /// Wall clock, milliseconds; nil for the current one.
    package let until: UInt64?
}

/// Generations cannot be changed.
package enum GenerationError: Error, Equatable, CustomStringConvertible {
    /// The current one takes all new messages and cannot be dropped.
    case current(Int)
    case refused(shard: Int, RocksError)
    case closed

    package var description: String {
        switch self {
        case .current(let number):
            "generation \(number) is the current one and cannot be dropped; add another one first"
        case .refused(let shard, let error):
            "the generations of shard \(shard) cannot be changed (\(error)); free space on its disk"
        case .closed: "the store is closed"
        }
    }
}
