internal import Layout
internal import Synchronization

extension ShardWriter {
    /// Does what waits, between two batches.
    mutating func runErrands(_ errands: [Errand]) {
        for errand in errands {
            do throws(RocksError) {
                switch errand.kind {
                case .add(let since): try addGeneration(since: since)
                case .drop(let numbers):
                    // Entries of theirs must not be applied again, to the generation that is left.
                    try lane?.releaseAll(latest: shard.latest.load(ordering: .acquiring))
                    try shard.drop(numbers)
                }
                errand.finish(nil)
            } catch { errand.finish(.refused(shard: shard.number, error)) }
        }
    }

    /// What waits is committed to the old generation; everything later goes to the new one. Its column
    /// families come first, then, in one write, its trie and the row that names it: after a kill between
    /// the two it is not there, and opening removes what is left of it.
    private mutating func addGeneration(since: UInt64) throws(RocksError) {
        flush()
        let old = shard.current
        let names = Generation.names(old.number + 1, of: shard.options.engine)
        let families = Generation.Families(
            data: try shard.database.createFamily(shard.options.family(names.data)),
            trie: try shard.database.createFamily(shard.options.family(names.trie)))
        var rows = RowBuffer()
        let learned = old.trie.withLock { $0.copyingVaryingPaths(into: &rows) }
        let since = max(since, old.since)
        let last = shard.latest.load(ordering: .acquiring)
        let next = ShardSchema.Row(number: old.number + 1, since: since, until: nil, last: nil)
        var schema = ShardSchema(rows: shard.generations.map(\.row))
        schema.rows.removeLast()
        schema.rows.append(
            ShardSchema.Row(number: old.number, since: old.since, until: since, last: last))
        schema.rows.append(next)

        var batch = WriteBatch(for: shard.database)
        batch.put(rows, family: families.trie)
        batch.put(schema)
        try batch.commit()
        old.end(at: since, last: last)
        let generation = Generation(next, families: families, trie: learned)
        shard.append(generation)
        begin(generation)
    }
}

extension WriteBatch {
    mutating func put(_ rows: RowBuffer, family: Int) {
        rows.bytes.withUnsafeBytes { bytes in
            for row in rows.rows {
                put(
                    UnsafeRawBufferPointer(rebasing: bytes[row.key]),
                    UnsafeRawBufferPointer(rebasing: bytes[row.value]), family: family)
            }
        }
    }

    mutating func put(_ schema: ShardSchema) {
        let value = schema.encoded
        ShardSchema.key.withUnsafeBytes { key in
            value.withUnsafeBytes { put(key, $0, family: EngineModel.Family.default) }
        }
    }
}
