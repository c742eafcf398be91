internal import Foundation
internal import MQTT

/// Reads lines of JSON, one event a line, from a file or a pipe: what `JSONLinesWriter` wrote, and logs
/// that know less, of which the rest is inferred (`LogConnection`).
struct JSONLinesReader {
    static let name = "jsonl"
    /// The largest line that is believed, in bytes: the largest packet in base64, and its fields.
    private static let longest = 32 << 20

    /// The event that comes next; nil at the end.
    private(set) var next: TraceEvent?
    private(set) var facts: TraceFacts?
    private var line = 0
    /// What the lines read last have told, of which `next` is the event before `place`.
    private var told = LogEvents()
    private var place = 0
    private var connections = ConnectionTable<String, LogConnection>()

    init(_ input: inout CaptureInput) throws(CaptureError) {
        // The mark of byte order that some editors put there.
        if try input.fill(3),
            Array(input.window[input.start..<input.start + 3]) == [0xEF, 0xBB, 0xBF]
        {
            input.take(3)
        }
        try advance(&input)
    }

    /// The bytes of `next`.
    func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(told.bytes.span.bytes.extracting(next?.bytes ?? 0..<0))
    }

    /// Moves on to the event after `next`.
    mutating func advance(_ input: inout CaptureInput) throws(CaptureError) {
        if place == told.events.count {
            told.removeAll()
            place = 0
            while told.events.isEmpty {
                guard try readLine(&input) else {
                    endAll()
                    break
                }
            }
        }
        guard place < told.events.count else {
            next = nil
            return
        }
        next = told.events[place]
        place += 1
    }

    func damaged(_ input: borrowing CaptureInput, _ fault: BlockFault) -> CaptureError {
        bad(
            input,
            FieldFault(field: "", why: fault.why, remedy: "put the lines of a connection in order"))
    }

    /// - Returns: false at the end of the file.
    private mutating func readLine(_ input: inout CaptureInput) throws(CaptureError) -> Bool {
        var searched = 0
        var length: Int?
        while length == nil {
            let fresh = input.start + searched..<input.end
            length = input.window[fresh].firstIndex(of: 0x0A).map { $0 - input.start }
            guard length == nil else { break }
            searched = input.available
            guard searched <= Self.longest else {
                line += 1
                throw bad(
                    input,
                    FieldFault(
                        field: "", why: "has more than \(Self.longest) bytes",
                        remedy: "end every packet with a line feed"))
            }
            // Doubled, so that a long line is not looked for byte by byte.
            if try !input.fill(max(searched + 1, searched >= 1 << 16 ? searched * 2 : 0)),
                input.available == searched
            {
                guard searched > 0 else { return false }
                length = searched
            }
        }
        let end = input.start + (length ?? 0)
        line += 1
        do throws(FieldFault) {
            try read(input.window.span.bytes.extracting(input.start..<end))
        } catch { throw bad(input, error) }
        input.take(min((length ?? 0) + 1, input.available))
        return true
    }

    private func bad(_ input: borrowing CaptureInput, _ fault: FieldFault) -> CaptureError {
        .trace(
            .badLine(
                path: input.path, line: line, field: fault.field, why: fault.why,
                remedy: fault.remedy))
    }

    private mutating func read(_ bytes: RawSpan) throws(FieldFault) {
        let isBlank = bytes.withUnsafeBytes { $0.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } }
        if isBlank { return }
        let value: JSONValue
        do throws(JSONFault) { value = try JSONValue(bytes) } catch {
            throw FieldFault(
                field: "", why: "is no JSON at column \(error.column): \(error.why)",
                remedy: "write one object a line")
        }
        guard case .object(let members) = value else {
            throw FieldFault(field: "", why: "is \(value.kind)", remedy: "write one object a line")
        }
        var fields = LineFields(members)
        let type = try fields.required("type", "PUBLISH").uppercased()
        if type == LineType.facts.rawValue {
            facts = try fields.facts()
            return
        }
        let time = try fields.time()
        let key = try fields.connectionKey()
        let client = try fields.text("client")
        let known = connections.states[key].flatMap { $0.goesOn(with: type) ? $0 : nil }
        var connection = known ?? LogConnection(client: client ?? "", number: told.opened)
        if let type = LineType(rawValue: type) {
            try connection.tell(type, &fields, client, at: time, to: &told)
        } else if let type = PacketType.allCases.first(where: { $0.name == type }) {
            try connection.tell(type, &fields, client, at: time, to: &told)
        } else {
            throw FieldFault(
                field: "type", why: "is no packet of MQTT",
                remedy: "write CONNECT, PUBLISH … or OPEN, CLOSE, IDENTIFIED, FACTS")
        }
        if connection.isOver, known?.isOver != true { connections.end(key) { $0.isOver } }
        connections.states[key] = connection
    }

    /// The file ends: what is still owed to connections is told; they stay open, as far as anybody knows.
    private mutating func endAll() {
        for connection in connections.states.values.sorted(by: { $0.number < $1.number }) {
            var connection = connection
            if !connection.isOver { connection.payDebts(to: &told) }
        }
        connections = ConnectionTable()
    }
}

/// Events that lines have told and nobody has taken.
struct LogEvents {
    private(set) var events: [TraceEvent] = []
    private(set) var bytes: [UInt8] = []
    /// Connections so far.
    var opened: UInt32 = 0

    mutating func removeAll() {
        events.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func append(_ event: TraceEvent) { events.append(event) }

    mutating func append(_ event: TraceEvent, _ bytes: some Collection<UInt8>) {
        var event = event
        event.bytes = self.bytes.count..<self.bytes.count + bytes.count
        self.bytes.append(contentsOf: bytes)
        events.append(event)
    }
}

extension LineFields {
    /// "time", as ISO 8601 or as a number since 1970.
    fileprivate mutating func time() throws(FieldFault) -> Int64 {
        let time: Int64? =
            switch take("time") {
            case .string(let text): TimeText.parse(iso: text)
            case .number(let text): TimeText.parse(number: text)
            default: nil
            }
        guard let time, 0...latestTime ~= time else {
            throw fault(
                "time", "is not a time from 1970 to 2096",
                "write e.g. \"2026-01-31T12:00:00.5Z\", or seconds since 1970")
        }
        return time
    }

    /// Which connection: its name, or that of the client.
    fileprivate mutating func connectionKey() throws(FieldFault) -> String {
        switch take("connection") {
        case .number(let text): return text
        // A text that looks like a number is another connection than the number.
        case .string(let text): return "\"" + text
        case nil: break
        case let value?: throw fault("connection", "is \(value.kind)", "write a number or a text")
        }
        guard let client = try peek(text: "client") else {
            throw fault(
                "client", "is missing", "say whose packet it is, by \"client\" or by \"connection\""
            )
        }
        return "c" + client
    }

    private func peek(text name: String) throws(FieldFault) -> String? {
        var copy = self
        return try copy.text(name)
    }
}
