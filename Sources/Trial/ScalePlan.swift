internal import Broker
package import Knobs
package import Layout
package import Measure
internal import Replay
internal import Storage
package import Study
package import Traffic

/// Makes a trial long enough in what counts, bytes and compactions, without making it long in seconds:
/// chooses speed and miniature before the night, from what one pass over the trace would write.
package struct ScalePlan: Sendable {
    /// What one pass over the recorded traffic stores.
    package struct Recorded: Sendable {
        package let messages: Int
        package let memtableBytes: Int
        package let puts: Int
        package let valueBytes: Int
        package let period: Nanoseconds

        package var messagesPerSecond: Double { Double(messages) / max(1e-9, period.seconds) }
        package var bytesPerSecond: Double { Double(memtableBytes) / max(1e-9, period.seconds) }
    }

    package let recorded: Recorded
    package let scale: Scale
    /// Values that a trial of this length cannot certify, or that RocksDB would not honour at this
    /// miniature: they are not searched.
    package let leftOut: [(knob: Knob, values: [Int64])]
    /// Values to search instead of a knob's own range, by knob.
    package let levels: [String: [Int64]]

    /// RocksDB raises a smaller memtable to this (7.8.3, db/column_family.cc, SanitizeOptions).
    package static let smallestMemtable: Int64 = 64 << 10
    /// The stored rate that a trial aims at when the recorded one is lower: what the replay, the CPU burned for
    /// the broker (a quarter of a core at this rate) and compaction sustain together on a two-core machine with
    /// room to spare.
    package static let targetPerSecond = 4_000.0
    /// How much more is written than the forecast needs: shards are not filled evenly, and a compaction
    /// that starts late takes more files than its trigger.
    private static let margin = 2.0
    private static let smallestWindowCycles = 20

    /// One pass through real sessions into a store that only counts.
    /// - Parameter format: of the engine's rows.
    package static func record(_ trace: Trace, shards: Int, _ format: RowFormat) -> Recorded {
        let store = CountingStore(shards: shards, format)
        let broker = SessionLayer(store: store)
        Replayer.dryRun(trace, over: InProcessTransport(broker, store: store))
        let footprint = store.footprint
        return Recorded(
            messages: footprint.messages, memtableBytes: footprint.memtableBytes,
            puts: footprint.puts, valueBytes: footprint.valueBytes, period: trace.period)
    }

    /// - Parameters:
    ///   - control: the setting that every block is compared with; it must be certifiable.
    ///   - speed: as the user asked, or nil to choose.
    ///   - miniature: as the user asked, or nil to choose.
    package init(
        _ recorded: Recorded, control: Setting, knobs: [Knob], warmUp: Nanoseconds,
        window: Nanoseconds, speed: Double? = nil, miniature: UInt64? = nil
    ) {
        self.recorded = recorded
        let speed =
            speed
            ?? max(1, (Self.targetPerSecond / max(1e-9, recorded.messagesPerSecond)).rounded())
        let written = recorded.bytesPerSecond * speed * window.seconds
        func cycle(_ memtable: Int64, _ trigger: Int64) -> Double {
            Double(memtable * trigger) * Double(Self.smallestWindowCycles) * Self.margin
        }
        func values(_ id: String) -> [Int64] {
            let searched = knobs.first { $0.id == id }?.range.values ?? []
            return Array(Set(searched + [control[id]])).sorted()
        }
        let memtables = values("write_buffer_size")
        let triggers = values("level0_file_num_compaction_trigger")
        // The smallest division that lets the largest cycle fit, but none that the control cannot follow.
        let needed =
            cycle(min(memtables.last ?? 1, Self.budget(control)), triggers.last ?? 1)
            / max(1, written)
        let most = UInt64(max(1, Self.memtable(control) / Self.smallestMemtable))
        let chosen = miniature ?? min(most, max(1, UInt64(needed.rounded(.up))).powerOfTwoAbove)
        scale = Scale(
            speed: speed, miniature: chosen, warmUp: warmUp, window: window,
            cyclesNeeded: Self.smallestWindowCycles)

        let fitting = memtables.filter {
            $0 / Int64(chosen) >= Self.smallestMemtable || $0 == control["write_buffer_size"]
        }
        let budget = written * Double(chosen)
        // Larger memtables are dropped before higher triggers until the largest pair fits.
        var largest = fitting
        var highest = triggers
        while let memtable = largest.last, let trigger = highest.last,
            cycle(min(memtable, Self.budget(control)), trigger) > budget
        {
            if largest.count > 2, memtable != control["write_buffer_size"] {
                largest.removeLast()
            } else if highest.count > 2, trigger != control["level0_file_num_compaction_trigger"] {
                highest.removeLast()
            } else if largest.count > 1, memtable != control["write_buffer_size"] {
                largest.removeLast()
            } else {
                break
            }
        }
        let kept = [
            "write_buffer_size": largest, "level0_file_num_compaction_trigger": highest,
        ]
        levels = kept.filter { id, _ in knobs.contains { $0.id == id } }
        leftOut = knobs.compactMap { knob in
            guard let kept = kept[knob.id] else { return nil }
            let dropped = knob.range.values.filter { !kept.contains($0) }
            return dropped.isEmpty ? nil : (knob, dropped)
        }
    }

    /// Bytes with which a shard's memtable is flushed at the latest.
    private static func memtable(_ setting: Setting) -> Int64 {
        min(setting["write_buffer_size"], budget(setting))
    }

    /// Bytes that all memtables of a shard may have together: RocksDB flushes at 7/8 of a shard's bound and of
    /// its part of a shared one (write_buffer_manager.h, ShouldFlush; reference 2.6).
    private static func budget(_ setting: Setting) -> Int64 {
        let own = setting["db_write_buffer_size"]
        let shared = setting["write_buffer_manager"] / max(1, setting["n_shards"])
        return [own, shared].filter { $0 > 0 }.map { $0 / 8 * 7 }.min() ?? .max
    }

    /// At the recorded rate and full scale, with the control's settings: when the first memtable of an
    /// average shard is full, and when its first L0 compaction starts. Nil if nothing is stored.
    package func untilFirst(
        _ control: Setting
    ) -> (flush: Nanoseconds, compaction: Nanoseconds)? {
        guard recorded.bytesPerSecond > 0 else { return nil }
        let perShard = recorded.bytesPerSecond / Double(control["n_shards"])
        let flush = Double(Self.memtable(control)) / perShard
        return (
            .seconds(flush), .seconds(flush * Double(control["level0_file_num_compaction_trigger"]))
        )
    }
}

extension UInt64 {
    /// The smallest power of two that is not smaller.
    fileprivate var powerOfTwoAbove: UInt64 {
        var power: UInt64 = 1
        while power < self { power *= 2 }
        return power
    }
}
