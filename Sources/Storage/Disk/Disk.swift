internal import CRocks
package import Measure

/// What stands between the databases of an engine and the file system: counts everything, takes the time of a
/// declared disk, fails when it is told to, and keeps what a power loss would take back.
///
/// RocksDB's own log file (`LOG`) goes past it: nobody waits for it and it is never synced.
///
/// `@unchecked Sendable`: every function of the shim that it calls works on atomics or under a mutex
/// (filesystem.hpp: `DiskState`), except `keepJournal`, which only `init` calls.
package final class Disk: @unchecked Sendable {
    package enum Behaviour: Sendable, Equatable {
        /// As the real device behaves; only counted.
        case passThrough
        /// At least as slow as the model, with latencies drawn from the seed. Where the real device is slower
        /// than the model it stays as slow as it is.
        case modelled(DiskModel, Seed)
    }

    /// What a file is for.
    package enum FileKind: Int32, Sendable, CaseIterable {
        case wal, sst
        /// MANIFEST, CURRENT, and the file that becomes CURRENT.
        case manifest
        /// What `AppendFile` writes.
        case sharedLog
        case other
        /// Only synced.
        case directory
    }

    /// What succeeded so far on files of one kind.
    package struct Counts: Sendable, Equatable {
        package var creates = 0, appends = 0
        package var appended = Bytes.zero
        package var syncs = 0, reads = 0
        package var read = Bytes.zero
        package var renames = 0, removes = 0
        /// Time that the declared disk or a fault added, over all threads.
        package var added = Nanoseconds.zero
    }

    let raw: OpaquePointer

    /// - Parameter journal: file to note in what a power loss would take back, made or continued; it and the
    ///   two entries beside it that are named after it have to be on the file system of the databases and
    ///   outside their directories. See `Disk.losePower`.
    /// - Throws: if the journal cannot be written, or is no journal.
    package init(_ behaviour: Behaviour = .passThrough, journal: String? = nil) throws(RocksError) {
        switch behaviour {
        case .passThrough: raw = crocks_disk_create(nil, 0)
        case .modelled(let model, let seed):
            var figures = model.figures
            var draws = seed.branch("disk")
            raw = crocks_disk_create(&figures, draws.next())
        }
        if let journal { try check(crocks_disk_keep_journal(raw, journal)) }
    }

    deinit { crocks_disk_destroy(raw) }

    package func counts(of kind: FileKind) -> Counts {
        let counts = crocks_disk_count(raw, kind.rawValue)
        return Counts(
            creates: Int(counts.creates), appends: Int(counts.appends),
            appended: Bytes(counts.append_bytes), syncs: Int(counts.syncs),
            reads: Int(counts.reads), read: Bytes(counts.read_bytes),
            renames: Int(counts.renames), removes: Int(counts.removes),
            added: Nanoseconds(Int64(counts.added_ns)))
    }
}

/// Power loss.
extension Disk {
    /// What a power loss took back.
    package struct Loss: Sendable, Equatable {
        /// Files that were longer than what of them was synced.
        package var filesCut: Int
        package var bytes: Bytes
        /// Names created, given, or removed whose directory was not synced since.
        package var names: Int

        package init(filesCut: Int, bytes: Bytes, names: Int) {
            self.filesCut = filesCut
            self.bytes = bytes
            self.names = names
        }
    }

    /// From now on nothing reaches the disk: every write, sync and change of a name fails with an I/O error,
    /// so that closing the databases makes nothing durable.
    package func cutPower() { crocks_disk_power_off(raw) }

    /// Undoes on the real files what was not durable when the last process of `journal` ended, and ends the
    /// journal: the parent calls it after a SIGKILL, a test after `cutPower` and closing.
    ///
    /// The strictest reading of POSIX: a sync makes a file's bytes durable but not its name, and only the
    /// sync of a directory makes durable the names in it.
    /// - Throws: what could not be undone; it can be tried again.
    package static func losePower(_ journal: String) throws(RocksError) -> Loss {
        var loss = crocks_loss()
        try check(crocks_lose_power(journal, &loss))
        return Loss(
            filesCut: Int(loss.files_cut), bytes: Bytes(loss.bytes), names: Int(loss.names))
    }
}
