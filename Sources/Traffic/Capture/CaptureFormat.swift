/// How frames lie in a file. A format reads the head of its file when it is made and then gives one
/// frame at a time.
protocol CaptureFormat: SendableMetatype {
    /// As people call it: "pcapng".
    static var name: String { get }
    /// - Parameter head: the first four bytes of the file.
    static func recognises(_ head: [UInt8]) -> Bool

    init(_ input: inout CaptureInput) throws(CaptureError)

    /// The file ended inside a frame or block, which is left out: the recording was stopped hard.
    var isCutOff: Bool { get }

    /// Takes the next frame from `input`; its bytes stay in the window until the next call.
    /// - Returns: nil at the end of the file.
    mutating func next(_ input: inout CaptureInput) throws(CaptureError) -> Frame?
}

/// Every format there is, and the choice between them by the head of a file.
enum CaptureFormats {
    static let all: [any CaptureFormat.Type] = [Pcap.self, Pcapng.self]

    static func open(_ input: inout CaptureInput) throws(CaptureError) -> any CaptureFormat {
        guard try input.fill(1) else { throw .empty(path: input.path) }
        _ = try input.fill(8)
        let head = Array(input.window[input.start..<min(input.end, input.start + 8)])
        for format in all where format.recognises(Array(head.prefix(4))) {
            return try format.init(&input)
        }
        throw .notACapture(path: input.path, head: head)
    }
}
