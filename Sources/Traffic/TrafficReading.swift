/// Recorded traffic that was read once, from its beginning to its end: what the files were, what was in
/// them before anything is known of MQTT, and the observer that was told the rest.
struct TrafficReading<Observer: TrafficObserver> {
    let summaries: [CaptureSummary]
    let tally: FrameTally
    let observer: Observer

    /// Reads files that belong together, oldest first. Whatever can be inspected, replayed or converted
    /// comes through here.
    init(
        _ paths: [String], _ observer: Observer, options: ReadingOptions = ReadingOptions()
    ) throws(CaptureError) {
        var reader = try CaptureReader(paths)
        var decoder = Decoder(observer)
        try reader.read(into: &decoder)
        (summaries, tally, self.observer) = (
            reader.summaries, decoder.tally, decoder.listener.observer
        )
    }
}
