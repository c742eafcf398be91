internal import Measure

extension EngineModel {
    /// What the article's reader wants: a broker in which every knob of the article is live, a message is
    /// acknowledged once it is on disk, and session state is committed before it is promised.
    ///
    /// Rows are those of EMQX 5.8. `atomic_flush` is off, because with it RocksDB ignores
    /// `min_write_buffer_number_to_merge` (reference 2.2). A batch waits for nothing, because publishers wait for
    /// it: the first message that finds its shard's writer free is committed at once, and what comes during
    /// that commit makes up the next.
    package static let article = emqx58Local.with {
        $0.id = "article"
        $0.speaksFor = "no EMQX version: the broker that the article describes"
        $0.durability = Durability(acknowledgement: .onCommit, sync: .perCommit)
        $0.sessions = .beforePromise
        $0.reading.parksAtOnce = true
        $0.recordsTimestamp = false
        $0.cpuPerMessage = .zero
        $0.databaseOptions.removeAll { $0.name == "atomic_flush" }
        $0.standards = ["atomic_flush": 0, "local_write_buffer.flush_interval": 0]
        $0.departures = [
            "Nobody runs this broker but dstune: its figures say what the article's promises cost, not what "
                + "an EMQX does."
        ]
    }
}
