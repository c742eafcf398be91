package import MQTT

/// Writes traffic into a trace file while it is told of it. Memory is that of one block, of the connections
/// that are open, and of the names of clients; passwords and authentication data never reach the file.
///
/// What cannot be written is kept as `failure` and told by `finish`; nothing is written after it.
package struct TraceWriter: TrafficObserver {
    package private(set) var failure: WriteError?
    /// In the file so far, without what still waits for its block to fill.
    package private(set) var bytesWritten = 0
    private var output: OutputFile
    private var block = EventBlock()
    private let compressor = ZstdCompressor()
    private var index = IndexBuilder()
    private var blocks = 0
    private var connections = ConnectionTable<Int, Connection>()
    /// Connections that have an event in the block, by their numbers in the file; ascending once sorted.
    private var present: [UInt32] = []
    private var nextNumber: UInt32 = 0
    private var census = EventCensus()
    private var latest = Int64.min

    private struct Connection {
        let number: UInt32
        let peer: Endpoint
        var client = ""
        /// The block, counted from 1, in which it was noted as present.
        var notedIn = 0
        var isOver = false
    }

    /// Begins the file.
    package init(_ output: OutputFile) {
        self.output = output
        begin()
    }

    package mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        open(connection, client, at: time, goesOn: false)
        census.opened(at: time)
    }

    package mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        guard let number = note(connection) else { return }
        block.append(.of(.identified), number, at: time)
        block.append(counted: clientID)
        name(connection, clientID, isIdentified: true)
    }

    package mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        switch packet.content {
        case .other(.connect(let connect)):
            if !connect.clientID.isEmpty { name(packet.connection, connect.clientID) }
        case .other(.connack(let connack)):
            for case .assignedClientIdentifier(let client) in connack.properties {
                name(packet.connection, client)
            }
        default: break
        }
        if let bare = packet.withoutSecrets {
            // Rare: one a connection.
            var bytes: [UInt8] = []
            bare.write(to: &bytes, version: packet.version)
            append(packet, bytes.span.bytes)
        } else {
            append(packet, bytes)
        }
    }

    package mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        guard let number = note(connection) else { return }
        block.append(.of(.closed, version), number, at: time)
        block.append(ending)
        latest = max(latest, time)
        census.closed(connection)
        connections.states[connection]?.isOver = true
        connections.end(connection)
        writeIfFull()
    }

    package var wantsMore: Bool { failure == nil }

    /// Writes what waits, so that a reader of the file has it even if this process is killed.
    package mutating func flush() {
        guard block.count > 0, failure == nil else { return }
        present.sort()
        let entry = IndexedBlock(
            offset: bytesWritten, events: block.count, first: block.first, last: block.last,
            connections: present)
        write(.events, block.bytes, count: block.count, times: (block.first, block.last))
        index.wrote(entry)
        blocks += 1
        block.removeAll()
        present.removeAll(keepingCapacity: true)
        if index.isFull { writePage() }
    }

    /// Ends this file and goes on in another, in which the connections that are open are told of first.
    /// Whoever reads both, the older first, is told of one connection.
    package mutating func rotate(to output: OutputFile) {
        end(nil)
        guard failure == nil else { return }
        self.output = output
        (index, blocks, bytesWritten, nextNumber) = (IndexBuilder(), 0, 0, 0)
        census = census.goingOn()
        begin()
        let open = connections.states.filter { !$0.value.isOver }
        connections = ConnectionTable()
        for (connection, state) in open.sorted(by: { $0.value.number < $1.value.number }) {
            self.open(connection, state.peer, at: latest, goesOn: true)
            if !state.client.isEmpty { identified(connection, clientID: state.client, at: latest) }
        }
    }

    /// Ends the file and gives it its name.
    ///
    /// - Parameter facts: of the captures that the events come from; counted from the events if nil.
    /// - Throws: what went wrong first; the file is not there then.
    package mutating func finish(_ facts: TraceFacts? = nil) throws(WriteError) {
        end(facts)
        if let failure { throw failure }
    }

    private mutating func begin() { attempt(TraceFormat.head.span.bytes) }

    private mutating func end(_ facts: TraceFacts?) {
        flush()
        let facts = facts ?? TraceFacts([], census.tally)
        var bytes: [UInt8] = []
        facts.write(to: &bytes)
        write(.facts, bytes, count: 0, times: (0, 0))
        if !index.isEmpty { writePage() }
        bytes.removeAll()
        let tail = BlockHead(
            .tail, plainLength: 0, count: blocks, times: (Int64(index.page.previous), 0),
            stored: RawSpan())
        tail.write(to: &bytes)
        attempt(bytes.span.bytes)
        guard failure == nil else { return }
        do throws(WriteError) { try output.finish() } catch { failure = error }
    }

    private mutating func open(
        _ connection: Int, _ peer: Endpoint, at time: Int64, goesOn: Bool
    ) {
        let state = Connection(number: nextNumber, peer: peer)
        nextNumber += 1
        connections.states[connection] = state
        index.opened(state.number, peer, at: time)
        guard let number = note(connection) else { return }
        block.append(goesOn ? [.of(.opened), .marked] : .of(.opened), number, at: time)
        block.append(peer)
        latest = max(latest, time)
    }

    private mutating func append(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard let number = note(packet.connection) else { return }
        var tag = EventTag.of(.packet, packet.version)
        if packet.direction == .toClient { tag.insert(.toClient) }
        if packet.isInferred { tag.insert(.marked) }
        block.append(tag, number, at: packet.time)
        block.append(counted: bytes)
        latest = max(latest, packet.time)
        census.received(packet, bytes.byteCount)
        writeIfFull()
    }

    /// - Returns: the number of the connection in the file, which is noted as present in the block; nil
    ///   after a failure, and of connections that were over long ago, or in a file before.
    private mutating func note(_ connection: Int) -> UInt32? {
        guard failure == nil, let state = connections.states[connection] else { return nil }
        if state.notedIn != blocks + 1 {
            connections.states[connection]?.notedIn = blocks + 1
            present.append(state.number)
        }
        return state.number
    }

    private mutating func name(
        _ connection: Int, _ client: String, isIdentified: Bool = false
    ) {
        guard let state = connections.states[connection], state.client != client else { return }
        connections.states[connection]?.client = client
        index.named(state.number, client, isIdentified: isIdentified)
    }

    private mutating func writeIfFull() {
        if block.bytes.count >= TraceFormat.blockSize { flush() }
    }

    private mutating func writePage() {
        let offset = bytesWritten
        var page: [UInt8] = []
        index.page.write(to: &page)
        write(.index, page, count: index.page.blocks.count, times: (0, 0))
        index.turn(pageAt: offset)
    }

    private mutating func write(
        _ kind: BlockKind, _ plain: [UInt8], count: Int, times: (first: Int64, last: Int64)
    ) {
        guard failure == nil else { return }
        do throws(WriteError) {
            bytesWritten += try compressor.compress(plain) { (stored) throws(WriteError) in
                var head: [UInt8] = []
                BlockHead(
                    kind, plainLength: plain.count, count: count, times: times, stored: stored
                ).write(to: &head)
                try output.write(head.span.bytes)
                try output.write(stored)
                return head.count + stored.byteCount
            }
        } catch { failure = error }
    }

    private mutating func attempt(_ bytes: RawSpan) {
        guard failure == nil else { return }
        do throws(WriteError) {
            try output.write(bytes)
            bytesWritten += bytes.byteCount
        } catch { failure = error }
    }
}
