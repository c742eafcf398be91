internal import Measure

extension DiagnoseRule {
    /// Every rule there is. A new one is one entry here.
    static let catalogue: [DiagnoseRule] =
        LogSummary.Stall.allCases.map(stall) + [
            DiagnoseRule(
                id: "log_errors",
                advice:
                    "Read these lines of LOG before anything else: after a background error RocksDB may "
                    + "refuse writes until it is restarted."
            ) { shards, total in
                guard total.logs.errors > 0 else { return nil }
                return Match(
                    count: total.logs.errors,
                    examples: shards.compactMap { shard in
                        shard.summary.logs.lastError.map { "shard \(shard.shard): \($0)" }
                    }, severity: .error)
            },
            DiagnoseRule(
                id: "read_warnings",
                advice:
                    "RocksDB passed over damaged bytes when it read the write-ahead log; after a crash of the "
                    + "machine the end of the log may be torn, and what stood there is lost."
            ) { shards, _ in
                let lines = shards.flatMap { shard in
                    shard.warnings.map { "shard \(shard.shard): \($0)" }
                }
                return lines.isEmpty
                    ? nil : Match(count: lines.count, examples: lines, severity: .warning)
            },
            DiagnoseRule(
                id: "foreign_rows",
                advice:
                    "These rows have other keys than the layouts wildcard_optimized_v2 of EMQX 5.8 to 5.10 and "
                    + "wildcard_optimized of EMQX 6 make (layout 'reference' and the older wildcard_optimized have "
                    + "keys of their own): they are counted and not understood."
            ) { shards, total in
                guard total.rows.other > 0 else { return nil }
                return Match(
                    count: total.rows.other,
                    examples: shards.flatMap { shard in
                        shard.generations.filter { $0.rows.other > 0 }.map {
                            "shard \(shard.shard), generation \($0.generation) (\($0.format.layout)): "
                                + "\($0.rows.other) rows"
                        }
                    }, severity: .info)
            },
            DiagnoseRule(
                id: "differs_from_model",
                advice:
                    "The messages found, stored again by the model of their layout, give other numbers. What "
                    + "dstune measures speaks for this broker only as far as they agree."
            ) { shards, total in
                guard let differences = total.model?.differences, !differences.isEmpty else {
                    return nil
                }
                return Match(
                    count: differences.count,
                    examples: differences.map {
                        "\($0.what): \($0.found) found, \($0.predicted) predicted"
                    }, severity: .warning)
            },
            DiagnoseRule(
                id: "options_differ",
                advice:
                    "These options are not those that EMQX passes or leaves at RocksDB's defaults; name them "
                    + "when you compare measurements, and check who set them."
            ) { shards, _ in
                let lines = shards.flatMap { shard in
                    shard.optionDifferences.map {
                        "shard \(shard.shard): \($0.option) = \($0.found), EMQX's is \($0.emqx)"
                    }
                }
                return lines.isEmpty
                    ? nil : Match(count: lines.count, examples: lines, severity: .warning)
            },
            DiagnoseRule(
                id: "wal_preallocation_waste",
                advice:
                    "Reserved for write-ahead logs and never written (allow_fallocate, on before EMQX 6.1.1, "
                    + "where durable_storage.messages.rocksdb.allow_fallocate turns it off): plan the disk with "
                    + "it; it comes back when the broker stops or rolls the log."
            ) { shards, total in
                let unused = total.files.wal.unusedBytes
                // A megabyte a shard: less is rounding.
                guard unused >= max(1, shards.count) << 20 else { return nil }
                return Match(
                    count: unused,
                    examples: shards.filter { $0.summary.files.wal.unusedBytes >= 1 << 20 }.map {
                        "shard \($0.shard): \(size($0.summary.files.wal.unusedBytes)) of "
                            + "\(size($0.summary.files.wal.allocatedBytes)) allocated"
                    }, severity: .info)
            },
            DiagnoseRule(
                id: "hot_shard",
                advice:
                    "One publisher's messages all go to the shard of its client id: spread a busy bridge or "
                    + "gateway over several client ids. More shards do not help one client."
            ) { shards, total in
                // Below a thousand messages a shard, chance alone makes such differences.
                let mean = total.rows.data / max(1, shards.count)
                guard shards.count > 1, mean >= 1_000 else { return nil }
                let hot = shards.filter { $0.summary.rows.data > 2 * mean }
                return hot.isEmpty
                    ? nil
                    : Match(
                        count: hot.count,
                        examples: hot.map {
                            "shard \($0.shard): \($0.summary.rows.data) messages, mean \(mean)"
                        }, severity: .warning)
            },
            DiagnoseRule(
                id: "index_heavy",
                advice:
                    "Two or more varying levels cost as many index rows for every message, each with its WAL "
                    + "bytes, compaction and cache: put levels that enumerate (device ids, counters) together, or "
                    + "into the payload."
            ) { shards, total in
                guard total.rows.data > 0, total.rows.indexRows >= 2 * total.rows.data else {
                    return nil
                }
                return Match(
                    count: total.rows.indexRows,
                    examples: [
                        "\(total.rows.indexRows) index rows for \(total.rows.data) messages"
                    ],
                    severity: .warning)
            },
            DiagnoseRule(
                id: "too_many_streams",
                advice:
                    "Resuming a session asks every stream of every shard and generation that its filters match: "
                    + "few messages in many streams make that slow. Topics that end in a counter or a time stamp do "
                    + "this."
            ) { shards, total in
                // A thousand streams a shard, and so few messages in each that reading is mostly seeking.
                guard total.rows.streams >= 1_000 * max(1, shards.count),
                    total.rows.data < 10 * total.rows.streams
                else { return nil }
                return Match(
                    count: total.rows.streams,
                    examples: ["\(total.rows.streams) streams for \(total.rows.data) messages"],
                    severity: .warning)
            },
            DiagnoseRule(
                id: "generation_not_dropped",
                advice: "Messages live between one and about three times "
                    + "durable_sessions.message_retention_period, then their generation is dropped whole. If yours "
                    + "is a day or less these should be gone: see whether the broker ran, and its log of the "
                    + "retention."
            ) { shards, total in
                let day: UInt64 = 86_400_000_000
                var old: [String] = []
                for shard in shards {
                    for generation in shard.generations.dropLast() {
                        guard let newest = generation.newest, let latest = total.newest,
                            latest > newest + 3 * day
                        else { continue }
                        old.append(
                            "shard \(shard.shard), generation \(generation.generation): newest message "
                                + "\((latest - newest) / day) days before the newest of all")
                    }
                }
                return old.isEmpty
                    ? nil : Match(count: old.count, examples: old, severity: .warning)
            },
            DiagnoseRule(
                id: "atomic_flush",
                advice:
                    "With atomic_flush one full memtable flushes every column family of the shard, and "
                    + "min_write_buffer_number_to_merge is clamped to 1: small files of the trie beside those of "
                    + "the messages are normal."
            ) { shards, total in
                let flushes = total.logs.flushes.count
                let atomic = shards.filter {
                    $0.summary.logs.options[""]?["atomic_flush"] == "1"
                }
                guard flushes > 0, !atomic.isEmpty else { return nil }
                return Match(
                    count: flushes, examples: ["\(flushes) flushes in the logs"], severity: .info)
            },
        ]

    private static func size(_ count: Int) -> Bytes { Bytes(UInt64(max(0, count))) }

    /// Warnings of one kind in the logs.
    private static func stall(_ kind: LogSummary.Stall) -> DiagnoseRule {
        DiagnoseRule(id: kind.rawValue, advice: advice(on: kind)) { shards, total in
            let warnings = total.logs.warnings(kind).count
            let counted = total.logs.stalls[kind.rawValue] ?? 0
            guard warnings > 0 || counted > 0 else { return nil }
            return Match(
                count: max(warnings, counted),
                examples: shards.compactMap { shard in
                    let own = shard.summary.logs.warnings(kind)
                    return own.count == 0
                        ? nil
                        : "shard \(shard.shard): \(own.count) times, last \(own.last): \(own.text)"
                }, severity: kind.rawValue.hasSuffix("stops") ? .error : .warning)
        }
    }

    private static func advice(on kind: LogSummary.Stall) -> String {
        let pools =
            "EMQX to 6.0.1 flushes and compacts all shards with one thread each: more threads (emqx eval on "
            + "the running node, durable_storage.db_groups from 6.0.2) are the first remedy"
        return switch kind {
        case .memtableStops:
            "Writes stood still because two memtables waited for their flush, and with max_write_buffer_number = 2 "
                + "there is no slowdown before it. \(pools); then a faster disk."
        case .memtableSlowdowns:
            "Writes were slowed down because memtables waited for their flush. \(pools)."
        case .l0Stops, .l0Slowdowns:
            "Files gathered in level 0 faster than compaction took them away. \(pools); on a new database, more "
                + "shards do not help by themselves, because they share the threads."
        case .pendingStops, .pendingSlowdowns:
            "Compaction owed more bytes than RocksDB's limits (64 GiB, then 256 GiB) allow: the disk cannot keep "
                + "up with the write amplification. Shorten message_retention_period, or give it a faster disk."
        }
    }
}
