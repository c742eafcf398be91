// Spelled as RocksDB 7.8 spells them (rocksdb/listener.h), so that a reader finds them in its sources and,
// without the k, in its LOG.

/// Why a memtable was written out.
package enum FlushReason: Int32, Sendable, CaseIterable {
    case kOthers, kGetLiveFiles, kShutDown, kExternalFileIngestion, kManualCompaction,
        kWriteBufferManager, kWriteBufferFull, kTest, kDeleteFiles, kAutoCompaction, kManualFlush,
        kErrorRecovery, kErrorRecoveryRetryFlush, kWalFull
}

/// Why a compaction was picked.
package enum CompactionReason: Int32, Sendable, CaseIterable {
    case kUnknown, kLevelL0FilesNum, kLevelMaxLevelSize, kUniversalSizeAmplification,
        kUniversalSizeRatio, kUniversalSortedRunNum, kFIFOMaxSize, kFIFOReduceNumFiles, kFIFOTtl,
        kManualCompaction, kFilesMarkedForCompaction, kBottommostFiles, kTtl, kFlush,
        kExternalSstIngestion, kPeriodicCompaction, kChangeTemperature, kForcedBlobGC,
        kRoundRobinTtl
}

/// What RocksDB was doing in the background when it failed.
package enum BackgroundErrorReason: Int32, Sendable, CaseIterable {
    case kFlush, kCompaction, kWriteCallback, kMemTable, kManifestWrite, kFlushNoWAL,
        kManifestWriteNoWAL
}

/// Why writes to a column family are held back.
///
/// RocksDB 7.8's listener does not say. It is inferred, at the moment of the change, from which of the
/// per-cause counters of `rocksdb.cfstats` grew since the family's last change; if none or several did, the
/// cause is unknown. With `max_write_buffer_number` = 2, EMQX's, memtables have no slowdown before their
/// stop (reference 3.7), so a stop by memtables is not the end of a growing L0 and is counted apart.
package enum StallCause: Int32, Sendable, CaseIterable {
    /// Too many memtables wait for their flush.
    case memtables = 1
    /// Too many files in level 0.
    case level0Files = 2
    /// Compaction owes too many bytes.
    case pendingCompactionBytes = 3
}
