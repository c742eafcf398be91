/// What a page of the index says of one block of events.
struct IndexedBlock: Equatable {
    /// Where its head is in the file.
    let offset: Int
    let events: Int
    let first: Int64
    let last: Int64
    /// Connections with an event in it, ascending.
    let connections: [UInt32]
}

/// A connection as the index knows it: who, from where, since when.
struct IndexedConnection: Equatable {
    let number: UInt32
    let openedAt: Int64
    let peer: Endpoint
}

/// One page of the index: what was new in up to `blocksPerPage` blocks. Pages make a chain that is read from
/// the end, so that writing one takes memory for one page.
struct IndexPage: Equatable {
    /// Where the page before is; 0 if there is none.
    var previous = 0
    /// Client identifiers that no earlier page has; they are numbered on from page to page.
    var clients: [String] = []
    var connections: [IndexedConnection] = []
    /// Which client is on which connection, by their numbers; that of the client doubled, plus one if no
    /// CONNECT says so.
    var bindings: [(connection: UInt32, client: Int)] = []
    var blocks: [IndexedBlock] = []

    static let blocksPerPage = 64

    static func == (a: IndexPage, b: IndexPage) -> Bool {
        a.previous == b.previous && a.clients == b.clients && a.connections == b.connections
            && a.bindings.elementsEqual(b.bindings, by: ==) && a.blocks == b.blocks
    }

    func write(to bytes: inout [UInt8]) {
        bytes.append(variable: UInt64(previous))
        bytes.append(variable: UInt64(clients.count))
        for client in clients { bytes.append(counted: client.utf8) }
        bytes.append(variable: UInt64(connections.count))
        for connection in connections {
            bytes.append(variable: UInt64(connection.number))
            bytes.append(signed: connection.openedAt)
            bytes.append(connection.peer)
        }
        bytes.append(variable: UInt64(bindings.count))
        for binding in bindings {
            bytes.append(variable: UInt64(binding.connection))
            bytes.append(variable: UInt64(binding.client))
        }
        bytes.append(variable: UInt64(blocks.count))
        for block in blocks {
            bytes.append(variable: UInt64(block.offset))
            bytes.append(variable: UInt64(block.events))
            bytes.append(signed: block.first)
            bytes.append(signed: block.last)
            bytes.append(variable: UInt64(block.connections.count))
            var before: UInt32 = 0
            for connection in block.connections {
                bytes.append(variable: UInt64(connection - before))
                before = connection
            }
        }
    }

    init() {}

    init(_ bytes: RawSpan) throws(BlockFault) {
        var offset = 0
        previous = try bytes.readOffset(at: &offset)
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            clients.append(try bytes.readText(countedAt: &offset))
        }
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            connections.append(
                IndexedConnection(
                    number: try bytes.readConnection(at: &offset),
                    openedAt: try bytes.readSigned(at: &offset),
                    peer: try bytes.readEndpoint(at: &offset)))
        }
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            bindings.append(
                (try bytes.readConnection(at: &offset), try bytes.readOffset(at: &offset)))
        }
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            blocks.append(try IndexedBlock(bytes, at: &offset))
        }
    }
}

extension IndexedBlock {
    fileprivate init(_ bytes: RawSpan, at offset: inout Int) throws(BlockFault) {
        self.offset = try bytes.readOffset(at: &offset)
        events = try bytes.readOffset(at: &offset)
        first = try bytes.readSigned(at: &offset)
        last = try bytes.readSigned(at: &offset)
        var connections: [UInt32] = []
        var number: UInt64 = 0
        for _ in 0..<(try bytes.readCount(at: &offset)) {
            number &+= try bytes.readVariable(at: &offset)
            guard let connection = UInt32(exactly: number) else {
                throw BlockFault(why: "the index names a connection \(number)")
            }
            connections.append(connection)
        }
        self.connections = connections
    }
}

extension RawSpan {
    fileprivate func readOffset(at offset: inout Int) throws(BlockFault) -> Int {
        let value = try readVariable(at: &offset)
        guard value <= 1 << 56 else { throw BlockFault(why: "the index points to byte \(value)") }
        return Int(value)
    }

    fileprivate func readConnection(at offset: inout Int) throws(BlockFault) -> UInt32 {
        guard let number = UInt32(exactly: try readVariable(at: &offset)) else {
            throw BlockFault(why: "the index names a connection that cannot be")
        }
        return number
    }
}

/// Collects the index while a trace is written.
struct IndexBuilder {
    private(set) var page = IndexPage()
    /// Number of every client so far.
    private var clients: [String: Int] = [:]

    var isFull: Bool { page.blocks.count >= IndexPage.blocksPerPage }
    var isEmpty: Bool { page.blocks.isEmpty }

    mutating func opened(_ connection: UInt32, _ peer: Endpoint, at time: Int64) {
        page.connections.append(IndexedConnection(number: connection, openedAt: time, peer: peer))
    }

    mutating func named(_ connection: UInt32, _ client: String, isIdentified: Bool) {
        guard !client.isEmpty else { return }
        let number = clients[client] ?? clients.count
        if number == clients.count {
            clients[client] = number
            page.clients.append(client)
        }
        page.bindings.append((connection, number << 1 | (isIdentified ? 1 : 0)))
    }

    mutating func wrote(_ block: IndexedBlock) { page.blocks.append(block) }

    /// - Parameter offset: where the page was put that has been taken.
    mutating func turn(pageAt offset: Int) {
        page = IndexPage()
        page.previous = offset
    }
}
