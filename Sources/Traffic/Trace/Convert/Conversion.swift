/// Makes traces and lines of JSON of recorded traffic, or of a part of it: the value behind
/// `dstune convert`.
package struct Conversion {
    package var selection = EventSelection()
    /// Names, addresses and payloads are replaced under it; nil to keep them.
    package var key: AnonymisationKey?
    package var format: ConversionFormat

    package init(to format: ConversionFormat) { self.format = format }

    /// What was written.
    package struct Outcome: Codable, Equatable, Sendable {
        package let connections: Int
        package let packets: Int
    }

    /// Reads everything and writes it to `output`, which is whole and has its name afterwards.
    ///
    /// - Parameter progress: told now and then.
    /// - Throws: `.reading` for what is wrong with a source, `.writing` for what is wrong with the output.
    package func run(
        _ paths: [String], to output: OutputFile,
        progress: @escaping (ConversionProgress) -> Void = { _ in }
    ) throws(ConversionError) -> Outcome {
        let sink = ConversionSink(format, output, progress)
        switch (selection.isEverything, key) {
        case (true, nil): return try run(paths, sink)
        case (true, let key?): return try run(paths, Anonymiser(key, sink))
        case (false, nil): return try run(paths, EventFilter(selection, sink))
        case (false, let key?): return try run(paths, EventFilter(selection, Anonymiser(key, sink)))
        }
    }

    private func run<Chain: EndsInSink>(
        _ paths: [String], _ chain: Chain
    ) throws(ConversionError) -> Outcome {
        let read: (facts: TraceFacts, chain: Chain)
        do throws(CaptureError) {
            if let part = IndexedTrace.part(of: paths, selection) {
                let part = try part.read(chain)
                read = (part.facts, part.observer)
            } else {
                let reading = try TrafficReading(paths, chain)
                read = (reading.facts, reading.observer)
            }
        } catch { throw .reading(error) }
        var sink = read.chain.sink
        do throws(WriteError) { try sink.finish(facts(read.facts, sink)) } catch {
            throw .writing(error)
        }
        return Outcome(connections: sink.connections, packets: sink.packets)
    }

    /// Facts of the whole are not those of a part.
    private func facts(_ facts: TraceFacts, _ sink: ConversionSink) -> TraceFacts {
        var facts = facts
        if !selection.isEverything { facts.tally = sink.census.tally.damaged(as: facts.tally) }
        // Notes name files.
        if key != nil {
            facts.tally.notes = []
            facts.captures = facts.captures.enumerated().map { $1.unnamed($0 + 1) }
        }
        return facts
    }
}

/// Why there is no conversion.
package enum ConversionError: Error {
    case reading(CaptureError)
    case writing(WriteError)
}

extension FrameTally {
    /// Counts of a part, with the damage of the whole: which connections lost the bytes is not known.
    fileprivate func damaged(as whole: FrameTally) -> FrameTally {
        var part = whole
        (part.streams, part.withoutConnect) = (streams, withoutConnect)
        (part.firstTime, part.lastTime) = (firstTime, lastTime)
        part.quality.decodedBytes = quality.decodedBytes
        return part
    }
}

extension CaptureSummary {
    /// Paths name people and places too.
    fileprivate func unnamed(_ number: Int) -> CaptureSummary {
        CaptureSummary(
            path: "recording \(number)", format: format, compression: compression,
            linkType: linkType,
            frames: frames, bytes: bytes, isCutOff: isCutOff)
    }
}
