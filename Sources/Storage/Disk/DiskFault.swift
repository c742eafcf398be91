internal import CRocks
package import Measure

/// A fault of the disk that can be switched on and off while databases run.
package struct DiskFault: Sendable, Equatable {
    package enum Effect: Sendable, Equatable {
        /// What still fits of an append is written, then there is no space.
        case noSpace
        /// Nothing is written, synced or read.
        case ioError
        /// Half of an append is written, then an error.
        case shortWrite
        /// It works, but takes this much longer.
        case slow(Nanoseconds)
    }

    package struct Operations: OptionSet, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        package static let append = Operations(rawValue: CROCKS_ON_APPEND.rawValue)
        package static let sync = Operations(rawValue: CROCKS_ON_SYNC.rawValue)
        package static let read = Operations(rawValue: CROCKS_ON_READ.rawValue)
        /// A file is created, renamed or removed.
        package static let name = Operations(rawValue: CROCKS_ON_NAME.rawValue)
    }

    package var effect: Effect
    package var operations: Operations
    package var kinds: Set<Disk.FileKind>
    /// So many operations go well first.
    package var afterOperations = 0
    /// Appends that fit into so many bytes go well first.
    package var afterBytes = Bytes.zero
    /// So many operations meet it, then it is over by itself; nil: until it is cleared.
    package var times: Int?

    package init(
        _ effect: Effect, on operations: Operations, of kinds: Set<Disk.FileKind>,
        afterOperations: Int = 0, afterBytes: Bytes = .zero, times: Int? = nil
    ) {
        precondition(times != 0, "a fault that nothing meets is none")
        self.effect = effect
        self.operations = operations
        self.kinds = kinds
        self.afterOperations = afterOperations
        self.afterBytes = afterBytes
        self.times = times
    }

    /// A full disk, after so many more bytes: nothing more can be appended to any file.
    package static func full(after bytes: Bytes = .zero) -> DiskFault {
        DiskFault(
            .noSpace, on: .append, of: Set(Disk.FileKind.allCases), afterBytes: bytes)
    }
}

extension Disk {
    /// A fault that is switched on; of the disk that gave it.
    package struct ActiveFault: Sendable, Hashable { fileprivate let number: Int32 }

    package func inject(_ fault: DiskFault) -> ActiveFault {
        var wanted = crocks_fault()
        wanted.kinds = fault.kinds.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
        wanted.operations = fault.operations.rawValue
        switch fault.effect {
        case .noSpace: wanted.effect = Int32(CROCKS_NO_SPACE.rawValue)
        case .ioError: wanted.effect = Int32(CROCKS_IO_ERROR.rawValue)
        case .shortWrite: wanted.effect = Int32(CROCKS_SHORT_WRITE.rawValue)
        case .slow(let time):
            wanted.effect = Int32(CROCKS_SLOW.rawValue)
            wanted.delay_ns = time.count
        }
        wanted.after_operations = UInt64(fault.afterOperations)
        wanted.after_bytes = fault.afterBytes.count
        wanted.times = UInt64(fault.times ?? 0)
        return ActiveFault(number: crocks_disk_add_fault(raw, &wanted))
    }

    /// How many operations met it so far.
    package func hits(of fault: ActiveFault) -> Int {
        Int(crocks_disk_fault_hits(raw, fault.number))
    }

    /// The disk is well again.
    package func clear(_ fault: ActiveFault) { crocks_disk_remove_fault(raw, fault.number) }
}
