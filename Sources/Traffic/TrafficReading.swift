/// Recorded traffic that was read once, from its beginning to its end: what the files were, what was in
/// them before anything is known of MQTT, and the observer that was told the rest.
struct TrafficReading<Observer: TrafficObserver> {
    let summaries: [CaptureSummary]
    let tally: FrameTally
    let observer: Observer
    /// The captures that it was first read from: the sources themselves, or what traces were made of.
    let origins: [CaptureSummary]

    /// Reads files that belong together, oldest first. Whatever can be inspected, replayed or converted
    /// comes through here.
    init(_ paths: [String], _ observer: Observer) throws(CaptureError) {
        var input = try CaptureInput(path: paths[0])
        _ = try input.fill(8)
        if EventSource.recognises(
            Array(input.window[input.start..<min(input.end, input.start + 8)]))
        {
            var reader = try EventReader(paths.map { SourceList.Entry(path: $0) })
            var listener = Listener(observer: observer)
            try reader.read(into: &listener)
            (summaries, tally, self.observer) = (
                reader.summaries, reader.facts.tally, listener.observer
            )
            origins = reader.facts.captures
            return
        }
        var reader = try CaptureReader(paths)
        var decoder = Decoder(observer)
        try reader.read(into: &decoder)
        (summaries, tally, self.observer) = (
            reader.summaries, decoder.tally, decoder.listener.observer
        )
        origins = summaries
    }

    /// What a trace made of it has to keep beside the events.
    var facts: TraceFacts { TraceFacts(origins, tally) }
}
