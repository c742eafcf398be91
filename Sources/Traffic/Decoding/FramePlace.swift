/// Where a frame is, so that a person can look at it.
struct FramePlace: Equatable {
    /// Index in the summaries.
    let capture: Int
    /// Counts from 1, as Wireshark does.
    let frame: Int
    /// In the decompressed file.
    let offset: Int

    /// "frame 7 at byte 1234", with the file if there are several.
    func text(_ captures: [CaptureSummary]) -> String {
        let place = "frame \(frame) at byte \(offset)"
        return captures.count > 1 && capture < captures.count
            ? place + " of " + captures[capture].path : place
    }
}
