/// Recorded traffic that was read once, from its beginning to its end: what the files were, what was in
/// them before anything is known of MQTT, and the observer that was told the rest.
struct TrafficReading<Observer: TrafficObserver> {
    /// Oldest first.
    let summaries: [CaptureSummary]
    let tally: FrameTally
    let observer: Observer
    /// The sources held packets and not frames.
    private let isDecoded: Bool

    /// Reads sources that belong together. Whatever can be inspected, replayed or converted comes through
    /// here.
    ///
    /// - Parameter paths: files, `-` for standard input, and folders, of which every file is read that is
    ///   recorded traffic; captures are put in order of time, frame by frame.
    init(
        _ paths: [String], _ observer: Observer, options: ReadingOptions = ReadingOptions()
    ) throws(CaptureError) {
        try self.init(try SourceList(paths), observer, options: options)
    }

    /// - Parameter list: not empty.
    init(
        _ list: SourceList, _ observer: Observer, options: ReadingOptions = ReadingOptions()
    ) throws(CaptureError) {
        // All are of one kind, and each kind has its reader.
        isDecoded = list.entries[0].kind == .events
        switch list.entries[0].kind {
        case .capture:
            var reader = try CaptureReader(list.entries)
            var decoder = Decoder(observer, keyLog: try options.keyLog())
            summaries = try reader.read(into: &decoder)
            decoder.tally.notes = list.notes + reader.notes
            decoder.tally.layers = decoder.listener.layers
            (tally, self.observer) = (decoder.tally, decoder.listener.observer)
        case .events:
            var reader = try EventReader(list.entries)
            var listener = Listener(observer: observer)
            var tally = try reader.read(into: &listener)
            tally.notes += list.notes
            (summaries, self.tally, self.observer) = (reader.summaries, tally, listener.observer)
        }
    }

    /// What a trace made of it has to keep beside the events.
    var facts: TraceFacts { TraceFacts(isDecoded ? tally.origins : summaries, tally) }
}
