internal import Glibc

/// Reads only those blocks of a trace file in which something wanted may be, by its index. What is passed on
/// is what reading the whole file would pass on.
final class IndexedTrace {
    private let path: String
    private let file: Int32
    private var blocks: [IndexedBlock] = []
    private var connections: [UInt32: IndexedConnection] = [:]
    private var clients: [UInt32: (name: String, isIdentified: Bool)] = [:]
    private var plain: [UInt8] = []
    private let decompressor = ZstdDecompressor()
    private(set) var blocksRead = 0
    var blockCount: Int { blocks.count }

    private init(_ path: String, _ file: Int32) { (self.path, self.file) = (path, file) }

    deinit { close(file) }

    /// - Returns: nil unless this is one trace file with an index that can be had, and the selection leaves
    ///   out times or clients: then there is nothing to gain.
    static func part(of paths: [String], _ selection: EventSelection) -> SelectedBlocks? {
        let leavesOut = selection.from != nil || selection.to != nil || !selection.clients.isEmpty
        guard leavesOut, paths.count == 1, let path = paths.first, path != "-" else { return nil }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        let trace = IndexedTrace(path, file)
        // Whatever is wrong with it, reading from the beginning finds out and says.
        guard (try? trace.readIndex()) == true, let first = try? trace.firstTime() else {
            return nil
        }
        return SelectedBlocks(
            trace,
            trace.blocks.indices.filter {
                trace.mayHold(selection, trace.blocks[$0], first: first)
            })
    }

    private func mayHold(_ selection: EventSelection, _ block: IndexedBlock, first: Int64) -> Bool {
        if let end = selection.to?.time(first: first), block.first >= end {
            // How connections end that are still open then.
            return false
        }
        guard selection.clients.isEmpty else {
            return block.connections.contains { connection in
                clients[connection].map { selection.wants(client: $0.name) } ?? false
            }
        }
        // What a topic alias stands for may have been said long before.
        guard selection.topics.isEmpty, let start = selection.from?.time(first: first) else {
            return true
        }
        return block.last >= start
    }

    // The chain of pages, from the last to the first.
    private func readIndex() throws(BlockFault) -> Bool {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        let size = Int(status.st_size)
        guard size >= TraceFormat.headLength + BlockHead.length,
            let head = bytes(TraceFormat.headLength, at: 0), head.starts(with: TraceFormat.magic),
            TraceFormat.fault(inHead: head.span.bytes) == nil,
            let end = bytes(BlockHead.length, at: size - BlockHead.length)
        else { return false }
        let tail = try BlockHead(end.span.bytes)
        guard tail.kind == .tail, tail.times.first > 0 else { return false }
        var (offset, pages): (Int, [IndexPage]) = (Int(tail.times.first), [])
        while offset > 0 {
            let page = try read(.index, at: offset) { (_, plain) throws(BlockFault) in
                try IndexPage(plain)
            }
            pages.append(page)
            // Backwards only, or a damaged chain would have no end.
            guard page.previous < offset else { throw BlockFault(why: "the index leads nowhere") }
            offset = page.previous
        }
        var names: [String] = []
        for page in pages.reversed() {
            names += page.clients
            blocks += page.blocks
            for connection in page.connections { connections[connection.number] = connection }
            for binding in page.bindings {
                let number = binding.client >> 1
                guard number < names.count else { throw BlockFault(why: "the index names nobody") }
                clients[binding.connection] = (names[number], binding.client & 1 != 0)
            }
        }
        return !blocks.isEmpty
    }

    private func firstTime() throws(BlockFault) -> Int64 {
        try read(.events, at: blocks[0].offset) { (_, plain) throws(BlockFault) in
            var (offset, time): (Int, Int64) = (0, 0)
            return try plain.readEvent(at: &offset, after: &time).time
        }
    }

    private func bytes(_ count: Int, at offset: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var read = 0
        while read < count {
            let length = bytes.withUnsafeMutableBytes { bytes in
                pread(file, bytes.baseAddress.map { $0 + read }, count - read, off_t(offset + read))
            }
            if length < 0, errno == EINTR { continue }
            guard length > 0 else { return nil }
            read += length
        }
        return bytes
    }

    /// Calls `body` with the head and the contents of the block at `offset`.
    private func read<Result>(
        _ kind: BlockKind, at offset: Int,
        _ body: (BlockHead, RawSpan) throws(BlockFault) -> Result
    ) throws(BlockFault) -> Result {
        guard let start = bytes(BlockHead.length, at: offset) else {
            throw BlockFault(why: "the file ends inside a block")
        }
        let head = try BlockHead(start.span.bytes)
        guard head.kind == kind else { throw BlockFault(why: "the index points to another block") }
        guard let stored = bytes(head.storedLength, at: offset + BlockHead.length),
            TraceFormat.checksum(stored.span.bytes) == head.checksum
        else { throw BlockFault(why: "its checksum is wrong") }
        try decompressor.decompress(stored.span.bytes, into: &plain, length: head.plainLength)
        // Taken out, so that nobody else can change it meanwhile.
        var contents: [UInt8] = []
        swap(&contents, &plain)
        defer { swap(&contents, &plain) }
        return try body(head, contents.span.bytes.extracting(first: head.plainLength))
    }

    /// The facts stand behind the last block of events.
    private func facts() throws(BlockFault) -> TraceFacts? {
        var offset = blocks[blocks.count - 1].offset
        while let start = bytes(BlockHead.length, at: offset) {
            let head = try BlockHead(start.span.bytes)
            if head.kind == .facts {
                return try read(.facts, at: offset) { (_, plain) throws(BlockFault) in
                    try TraceFacts(plain)
                }
            }
            if head.kind == .tail { return nil }
            offset += BlockHead.length + head.storedLength
        }
        return nil
    }

    /// Tells the events of these blocks.
    fileprivate func tell<O: TrafficObserver>(
        _ selected: [Int], _ observer: O
    ) throws(CaptureError) -> (facts: TraceFacts, observer: O) {
        var listener = Listener(observer: observer)
        var carried = CarriedConnections()
        var teller = EventTeller()
        teller.known = connections
        teller.clients = clients.compactMapValues { $0.isIdentified ? $0.name : nil }
        var facts: TraceFacts?
        for number in selected where listener.observer.wantsMore {
            do throws(BlockFault) {
                try read(.events, at: blocks[number].offset) { (head, plain) throws(BlockFault) in
                    var (offset, time): (Int, Int64) = (0, 0)
                    for _ in 0..<head.count {
                        let event = try plain.readEvent(at: &offset, after: &time)
                        try teller.tell(event, plain.extracting(event.bytes), &listener, &carried)
                    }
                }
                blocksRead += 1
            } catch {
                throw .trace(
                    .damagedTrace(
                        path: path, block: number + 1, offset: blocks[number].offset, why: error.why
                    ))
            }
        }
        teller.carry(to: &carried)
        carried.end(&listener)
        facts = try? self.facts()
        return (facts ?? TraceFacts([], teller.census.tally), listener.observer)
    }
}

/// The blocks of a trace file that a selection needs.
struct SelectedBlocks {
    let trace: IndexedTrace
    let numbers: [Int]

    init(_ trace: IndexedTrace, _ numbers: [Int]) { (self.trace, self.numbers) = (trace, numbers) }

    func read<O: TrafficObserver>(
        _ observer: O
    ) throws(CaptureError) -> (facts: TraceFacts, observer: O) { try trace.tell(numbers, observer) }
}
