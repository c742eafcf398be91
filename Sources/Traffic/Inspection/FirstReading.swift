/// Recorded traffic, read once before it is replayed: what it holds, and what only its end tells.
package struct FirstReading<Observer: TrafficObserver> {
    package let inspection: Inspection
    /// Subscriptions that its sessions had before: those that were given, else those that deliveries prove.
    package let older: OlderSubscriptions
    package let topicClasses: TopicClasses
    /// Was told everything.
    package let observer: Observer
    /// The client side in memory; nil unless asked for.
    package let trace: Trace?

    /// - Parameters:
    ///   - paths: files, folders, and `-` for standard input, which belong together.
    ///   - keepsTrace: for what cannot be read a second time.
    /// - Throws: `.noMQTT` if nothing was found, and whatever is wrong with a file.
    package init(
        of paths: [String], options: ReadingOptions = ReadingOptions(), telling observer: Observer,
        keepsTrace: Bool = false
    ) throws(CaptureError) {
        let inspector = Inspector(older: OlderSubscriptions(options))
        let read: Reading
        if keepsTrace {
            let told = Both(Both(inspector, observer), TraceRecorder())
            let reading = try TrafficReading(paths, told, options: options)
            trace = reading.observer.second.builder.build()
            read = Reading(reading.observer.first, reading.summaries, reading.tally)
        } else {
            let reading = try TrafficReading(paths, Both(inspector, observer), options: options)
            trace = nil
            read = Reading(reading.observer, reading.summaries, reading.tally)
        }
        self.observer = read.told.second
        inspection = try Inspection(
            read.summaries, read.tally, read.told.first, given: options.subscriptions)
        older = OlderSubscriptions(knownTo: read.told.first)
        topicClasses = TopicClasses(
            read.told.first.table, meanPayload: inspection.profile.payload?.mean ?? 0)
    }

    private struct Reading {
        let told: Both<Inspector, Observer>
        let summaries: [CaptureSummary]
        let tally: FrameTally

        init(_ told: Both<Inspector, Observer>, _ summaries: [CaptureSummary], _ tally: FrameTally)
        {
            (self.told, self.summaries, self.tally) = (told, summaries, tally)
        }
    }
}

/// Tells recorded traffic to an observer, from its beginning until the observer has enough.
/// - Returns: the observer.
package func readTraffic<Observer: TrafficObserver>(
    _ paths: [String], options: ReadingOptions, telling observer: Observer
) throws(CaptureError) -> Observer {
    try TrafficReading(paths, observer, options: options).observer
}
