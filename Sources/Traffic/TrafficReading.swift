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
        let keyLog = try options.keyLog()
        var reader = try CaptureReader(paths)
        var decoder = Decoder(observer, keyLog: keyLog)
        try reader.read(into: &decoder)
        var tally = decoder.tally
        tally.layers = decoder.listener.layers
        (summaries, self.tally, self.observer) = (
            reader.summaries, tally, decoder.listener.observer
        )
    }
}
