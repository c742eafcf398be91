/// TLS 1.2 and 1.3 on one connection, decrypted with the secrets of a key log.
final class TLSSession: Layer {
    private let client: Int
    private let keyLog: KeyLog?
    private var records: [2 of TLSRecords] = [TLSRecords(), TLSRecords()]
    private var handshakes: [2 of TLSHandshake] = [TLSHandshake(), TLSHandshake()]
    private var readers: [2 of TLSReader?] = [nil, nil]
    /// Of TLS 1.2, for the next ChangeCipherSpec.
    private var pending: [2 of TLSReader?] = [nil, nil]
    private var clientRandom: TLSRandom?
    private var serverHello: ServerHello?
    /// Records that came before what is needed to read them: of the client before the ServerHello, of the
    /// server before the ClientHello.
    private var held: [2 of [[UInt8]]] = [[], []]
    private var heldBytes = 0
    private var failure: LayerEnd?

    private static let heldLimit = 256 << 10
    /// Records that the right secrets may fail to open at first: those of a handshake whose secrets are not in
    /// the key log, and early data that the server refused.
    private static let patience = 64

    /// - Parameter client: the side that sends the ClientHello.
    init(client: Int, keyLog: KeyLog?) { (self.client, self.keyLog) = (client, keyLog) }

    private var isTLS1_3: Bool { serverHello?.version == 0x0304 }
    private var hasOpened: Bool {
        readers[0]?.hasOpened == true || readers[1]?.hasOpened == true
    }

    var keptBytes: Int { heldBytes + records[0].carry.count + records[1].carry.count }

    var verdict: LayerEnd {
        if let failure { return failure }
        if keyLog == nil { return .encrypted(.noKeyLog) }
        if hasOpened { return .other }
        if clientRandom == nil { return .encrypted(.brokenHandshake) }
        let hasFailed = (readers[0]?.failures ?? 0) + (readers[1]?.failures ?? 0) > 0
        return .encrypted(hasFailed ? .wrongSecret : .endedEarly)
    }

    func receive(_ bytes: RawSpan, from side: Int, into output: inout LayerOutput) {
        guard keyLog != nil else {
            output.end = .encrypted(.noKeyLog)
            return
        }
        var offset = 0
        while failure == nil {
            switch records[side].next(in: bytes, at: &offset) {
            case .needsMore:
                output.end = failure
                return
            case .record(let record):
                let start = record.fragment.lowerBound - TLSRecord.headerLength
                take(bytes.extracting(start..<record.fragment.upperBound), side, &output)
            case .carried(_, let whole):
                take(whole.span.bytes, side, &output)
                records[side].reuse(whole)
            case .damaged:
                readers[side]?.skip()
                if readers[side] == nil { handshakes[side].lose() }
            case .skipped(let count):
                breakOff(side)
                readers[side]?.lose(count)
                if hasOpened { output.lose(count, isExact: false, from: side) }
            }
        }
        output.end = failure
    }

    func lose(_ count: Int, isExact: Bool, from side: Int, into output: inout LayerOutput) {
        let isWithinRecord = records[side].lose(count, isExact: isExact)
        breakOff(side)
        if !isWithinRecord { readers[side]?.lose(count) }
        if hasOpened { output.lose(count, isExact: false, from: side) }
        output.end = failure
    }

    /// Bytes are missing that may have been a hello.
    private func breakOff(_ side: Int) {
        handshakes[side].lose()
        let isNeeded = side == client ? clientRandom == nil : serverHello == nil
        if isNeeded { failure = failure ?? .encrypted(.brokenHandshake) }
    }

    // `record` is whole, with its header.
    private func take(_ record: RawSpan, _ side: Int, _ output: inout LayerOutput) {
        guard isReadable(record, side) else {
            heldBytes += record.byteCount
            held[side].append(record.withUnsafeBytes { Array($0) })
            if heldBytes > Self.heldLimit { failure = .encrypted(.brokenHandshake) }
            return
        }
        read(record, side, &output)
    }

    private func isReadable(_ record: RawSpan, _ side: Int) -> Bool {
        if !held[side].isEmpty { return false }
        if readers[side] != nil || serverHello != nil { return true }
        if side != client { return clientRandom != nil }
        return record.byte(at: 0) == TLSContent.handshake.rawValue
    }

    private func read(_ record: RawSpan, _ side: Int, _ output: inout LayerOutput) {
        let type = record.byte(at: 0)
        let fragment = record.extracting(droppingFirst: TLSRecord.headerLength)
        // Of TLS 1.3 everything is sealed as application data; what is not is for middleboxes.
        let isSealed = !isTLS1_3 || type == TLSContent.applicationData.rawValue
        guard readers[side] != nil, isSealed else {
            receive(TLSContent(rawValue: type), fragment, side, &output)
            return
        }
        guard let opened = readers[side]?.open(record, type: type) else {
            noteFailure(record.byteCount, side, &output)
            return
        }
        receive(TLSContent(rawValue: opened.content), opened.plain.span.bytes, side, &output)
    }

    private func noteFailure(_ count: Int, _ side: Int, _ output: inout LayerOutput) {
        guard let reader = readers[side] else { return }
        if hasOpened {
            output.lose(count, isExact: false, from: side)
        } else if reader.failures > (isTLS1_3 ? Self.patience : 0) {
            failure = .encrypted(.wrongSecret)
        }
    }

    private func receive(
        _ content: TLSContent?, _ bytes: RawSpan, _ side: Int, _ output: inout LayerOutput
    ) {
        switch content {
        case .applicationData:
            if readers[side] != nil { output.append(bytes, from: side) }
        case .handshake:
            for message in handshakes[side].feed(bytes) { receive(message, side, &output) }
        case .changeCipherSpec:
            guard serverHello != nil, !isTLS1_3 else { return }
            readers[side] = pending[side]
            handshakes[side].lose()
            if readers[side] == nil { failure = .encrypted(.brokenHandshake) }
        case .alert, nil: break
        }
    }

    private func receive(_ message: TLSHandshake.Message, _ side: Int, _ output: inout LayerOutput)
    {
        switch message.kind {
        case .clientHello:
            // Version, then the random
            guard side == client, message.body.count >= 2 + TLSRandom.length else { return }
            let random = TLSRandom(message.body.span.bytes, at: 2)
            // Sent again because the server asked; it may have waited until here.
            guard random != clientRandom else { return }
            // With another, TLS 1.2 negotiates anew.
            clientRandom = random
            serverHello = nil
            release(1 - client, &output)
        case .serverHello:
            guard side != client, serverHello == nil,
                let hello = ServerHello(message.body.span.bytes),
                !hello.isRetry
            else { return }
            serverHello = hello
            establish(hello)
            release(client, &output)
        case .endOfEarlyData, .finished: if isTLS1_3 { readers[side]?.advance() }
        case .keyUpdate: if isTLS1_3 { readers[side]?.update() }
        }
    }

    /// Reads what waited for the other side's hello.
    private func release(_ side: Int, _ output: inout LayerOutput) {
        var waiting: [[UInt8]] = []
        swap(&waiting, &held[side])
        for (index, record) in waiting.enumerated() where failure == nil {
            guard isReadable(record.span.bytes, side) else {
                held[side] = Array(waiting[index...])
                return
            }
            heldBytes -= record.count
            read(record.span.bytes, side, &output)
        }
    }

    /// Derives the keys that both hellos and the key log allow.
    private func establish(_ hello: ServerHello) {
        guard hello.version >= 0x0303 else { return fail(.oldVersion) }
        let suite = isTLS1_3 ? TLSSuite(tls1_3: hello.suite) : TLSSuite(tls1_2: hello.suite)
        guard let suite else { return fail(.suite(hello.suite)) }
        guard !hello.isCompressed else { return fail(.compression) }
        guard let clientRandom, let secrets = keyLog?.secrets(of: clientRandom) else {
            return fail(.noSecret)
        }
        if isTLS1_3 {
            guard let ofClient = secrets.traffic[0], let ofServer = secrets.traffic[1] else {
                return fail(.noSecret)
            }
            let first = [secrets.early, secrets.handshake[0]].compactMap { $0 }
            readers[client] = TLSReader(suite, secrets: first + [ofClient])
            readers[1 - client] = TLSReader(
                suite, secrets: [secrets.handshake[1]].compactMap { $0 } + [ofServer])
        } else {
            guard let master = secrets.master else { return fail(.noSecret) }
            let keys = suite.keys(
                master: master, client: clientRandom.bytes, server: hello.random.bytes)
            pending[client] = TLSReader(suite, keys.client)
            pending[1 - client] = TLSReader(suite, keys.server)
        }
    }

    private func fail(_ reason: Undecrypted) { failure = .encrypted(reason) }
}
