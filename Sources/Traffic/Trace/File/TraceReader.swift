/// Reads a trace file forwards, block by block, from a file or a pipe.
///
/// A file that was cut off is read up to its last whole block; one that is damaged is not read past that.
struct TraceReader {
    /// The event that comes next; nil at the end.
    private(set) var next: TraceEvent?
    private(set) var facts: TraceFacts?
    /// The tail was not there: whoever wrote the file was stopped, or it was not copied to its end.
    private(set) var isCutOff = false
    private var plain: [UInt8] = []
    private var offset = 0
    private var end = 0
    private var previous: Int64 = 0
    private var rest = 0
    private var block = 0
    private let decompressor = ZstdDecompressor()

    /// - Parameter input: at the beginning of the file, whose magic number is known to be there.
    init(_ input: inout CaptureInput) throws(CaptureError) {
        guard try input.fill(TraceFormat.headLength) else {
            throw .trace(.unknownTrace(path: input.path, why: "it ends inside its head"))
        }
        if let fault = Self.headFault(input) {
            throw .trace(.unknownTrace(path: input.path, why: fault))
        }
        input.take(TraceFormat.headLength)
        try advance(&input)
    }

    private static func headFault(_ input: borrowing CaptureInput) -> String? {
        TraceFormat.fault(
            inHead: input.window.span.bytes.extracting(
                input.start..<input.start + TraceFormat.headLength))
    }

    /// The bytes of `next`.
    func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(plain.span.bytes.extracting(next?.bytes ?? 0..<0))
    }

    /// Moves on to the event after `next`.
    mutating func advance(_ input: inout CaptureInput) throws(CaptureError) {
        while rest == 0 {
            guard try openBlock(&input) else {
                next = nil
                return
            }
        }
        do throws(BlockFault) {
            var (place, time) = (offset, previous)
            next = try plain.span.bytes.extracting(first: end).readEvent(at: &place, after: &time)
            (offset, previous) = (place, time)
            rest -= 1
            guard rest > 0 || offset == end else {
                throw BlockFault(why: "it holds more than the events it counts")
            }
        } catch { throw damaged(input, error) }
    }

    /// - Returns: false at the end of the file.
    private mutating func openBlock(_ input: inout CaptureInput) throws(CaptureError) -> Bool {
        guard try input.fill(BlockHead.length) else {
            isCutOff = true
            return false
        }
        block += 1
        let head: BlockHead
        do throws(BlockFault) {
            head = try BlockHead(
                input.window.span.bytes.extracting(input.start..<input.start + BlockHead.length))
        } catch { throw damaged(input, error) }
        if head.kind == .tail {
            input.take(BlockHead.length)
            return try expectEnd(&input)
        }
        guard try input.fill(BlockHead.length + head.storedLength) else {
            isCutOff = true
            return false
        }
        do throws(BlockFault) { try open(head, &input) } catch { throw damaged(input, error) }
        input.take(BlockHead.length + head.storedLength)
        return true
    }

    private mutating func open(_ head: BlockHead, _ input: inout CaptureInput) throws(BlockFault) {
        let start = input.start + BlockHead.length
        let stored = input.window.span.bytes.extracting(start..<start + head.storedLength)
        guard TraceFormat.checksum(stored) == head.checksum else {
            throw BlockFault(why: "its checksum is wrong")
        }
        // The index is for those who do not read everything; other kinds are for later versions.
        guard head.kind == .events || head.kind == .facts else { return }
        try decompressor.decompress(stored, into: &plain, length: head.plainLength)
        if head.kind == .facts {
            facts = try TraceFacts(plain.span.bytes.extracting(first: head.plainLength))
        } else {
            (offset, end, previous, rest) = (0, head.plainLength, 0, head.count)
        }
    }

    private func expectEnd(_ input: inout CaptureInput) throws(CaptureError) -> Bool {
        guard try input.fill(1) else { return false }
        throw damaged(input, BlockFault(why: "more comes after its end"))
    }

    func damaged(_ input: borrowing CaptureInput, _ fault: BlockFault) -> CaptureError {
        .trace(
            .damagedTrace(
                path: input.path, block: max(block, 1), offset: input.offset, why: fault.why))
    }
}
