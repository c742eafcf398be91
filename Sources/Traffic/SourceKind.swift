/// What recorded traffic comes as, told by its first bytes after decompression.
enum SourceKind: Equatable {
    /// Frames of a network, to be decoded.
    case capture
    /// Packets that were decoded before: traces, and lines of JSON.
    case events

    /// - Parameter head: the first bytes, at most eight.
    /// - Returns: nil if it is nothing that is known.
    init?(head: [UInt8]) {
        if CaptureFormats.all.contains(where: { $0.recognises(Array(head.prefix(4))) }) {
            self = .capture
        } else if EventSource.recognises(head) {
            self = .events
        } else {
            return nil
        }
    }
}
