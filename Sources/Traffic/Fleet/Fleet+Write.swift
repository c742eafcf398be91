internal import HOCON

/// What the traffic of a fleet is written as; names of such files end like it.
package enum FleetOutput: String, CaseIterable, Sendable {
    /// A trace file.
    case dstrace
    /// A capture that any decoder reads.
    case pcapng
}

extension Fleet {
    /// Makes the traffic of this fleet and writes it into a file.
    ///
    /// - Parameter watch: asked now and then whether to go on.
    /// - Returns: what is true of it; nil if it was stopped, and then there is no file.
    /// - Throws: what could not be written; then there is no file either.
    package func write(
        to file: OutputFile, as output: FleetOutput, seed: UInt64, watch: (Progress) -> Bool
    ) throws(WriteError) -> FleetTruth? {
        switch output {
        case .pcapng:
            var writer = PcapngWriter(
                file, brokerAddress: broker.address, brokerPort: broker.port)
            let truth = emit(into: &writer, seed: seed, watch: watch)
            if let failure = writer.failure { throw failure }
            if truth != nil { try writer.finish() }
            return truth
        case .dstrace:
            var writer = TraceWriter(file)
            let truth = emit(into: &writer, seed: seed, watch: watch)
            if let failure = writer.failure { throw failure }
            if truth != nil { try writer.finish() }
            return truth
        }
    }

    /// A duration as fleet files have it, "10m" or "1h30m".
    /// - Returns: nanoseconds; nil if it is none, or nothing at all.
    package static func duration(_ text: String) -> Int64? {
        guard let time = FleetTime.read(.string(text)), 1...FleetTime.longest ~= time else {
            return nil
        }
        return time
    }
}
