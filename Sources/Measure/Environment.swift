/// Where a number was measured. Stored with every study; no number is printed without it, and trials
/// of different environments are never compared.
package struct Environment: Hashable, Codable, Sendable {
    /// Version of dstune.
    package var version: String
    /// A debug build is some forty times slower in the codec alone; its numbers are never reported.
    package var optimised: Bool
    /// Version of the RocksDB library that was linked, e.g. "7.8.3".
    package var rocksdb: String
    package var cpu: String
    package var cores: Int
    package var memory: Bytes
    package var kernel: String
    /// CPU frequency governor of the first core, or "unknown" where the kernel does not say.
    package var governor: String
    /// File system of the data directory: "ext4", "xfs", "tmpfs", …
    package var filesystem: String
    /// Median of `syncSamples` appends of 4 KiB followed by fdatasync in the data directory.
    package var syncMedian: Nanoseconds

    package static let syncSamples = 50

    package init(
        version: String, optimised: Bool, rocksdb: String, cpu: String, cores: Int, memory: Bytes,
        kernel: String, governor: String, filesystem: String, syncMedian: Nanoseconds
    ) {
        self.version = version
        self.optimised = optimised
        self.rocksdb = rocksdb
        self.cpu = cpu
        self.cores = cores
        self.memory = memory
        self.kernel = kernel
        self.governor = governor
        self.filesystem = filesystem
        self.syncMedian = syncMedian
    }

    /// What differs from `other` so much that numbers cannot be compared. The sync time is left out:
    /// it is a measurement, and the controls of a block are there to absorb its drift.
    package func differences(from other: Environment) -> [String] {
        var found: [String] = []
        func compare(_ what: String, _ mine: String, _ theirs: String) {
            if mine != theirs { found.append("\(what): \(theirs) then, \(mine) now") }
        }
        compare("dstune", version, other.version)
        compare("optimised build", "\(optimised)", "\(other.optimised)")
        compare("RocksDB", rocksdb, other.rocksdb)
        compare("CPU", cpu, other.cpu)
        compare("cores", "\(cores)", "\(other.cores)")
        compare("kernel", kernel, other.kernel)
        compare("file system", filesystem, other.filesystem)
        return found
    }
}
