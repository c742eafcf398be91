/// The frames that one end sends, taken apart: what messages hold is given out, control frames are not.
struct WebSocketFrames {
    private let side: Int
    private let isClient: Bool
    /// The beginning of a header, or what is searched for one.
    private(set) var carry: [UInt8] = []
    private var frame: Open?
    private var mode = Mode.frames
    /// Opcode of the message that is not over.
    private var message: WebSocketHeader.Opcode?
    private(set) var isCompressed = false

    private enum Mode {
        case frames
        /// Where the next begins is not known.
        case searching
    }

    /// A frame whose payload is not all there.
    private struct Open {
        let mask: UInt32?
        var rest: Int
        /// Bytes of the payload so far, for the mask.
        var phase = 0
        let isGivenOut: Bool
    }

    /// What may still be looked at, in bytes: so that short segments do not make the same be searched for
    /// ever.
    private var credit = 0

    private static let creditPerByte = 256

    /// - Parameters:
    ///   - isInside: where the first begins is not known.
    ///   - kept: came before, to be searched together with what comes next.
    init(side: Int, isClient: Bool, isInside: Bool, kept: [UInt8] = []) {
        (self.side, self.isClient, carry) = (side, isClient, kept)
        mode = isInside ? .searching : .frames
    }

    mutating func receive(_ bytes: RawSpan, into output: inout LayerOutput) {
        var offset = 0
        while offset < bytes.byteCount, !isCompressed {
            if mode == .searching {
                let segment = carry.count
                append(bytes, from: offset)
                credit += Self.creditPerByte * (bytes.byteCount - offset)
                offset = bytes.byteCount
                guard credit >= carry.count else { return }
                credit = min(credit - carry.count, Framing.undecidedLimit)
                search(segmentStart: segment, &output)
            } else if frame != nil {
                takePayload(bytes, &offset, &output)
            } else {
                takeHeader(bytes, &offset, &output)
            }
        }
    }

    mutating func lose(_ count: Int, isExact: Bool, into output: inout LayerOutput) {
        if isExact, mode == .frames, let open = frame, count <= open.rest {
            advance(count)
            if open.isGivenOut { output.lose(count, isExact: true, from: side) }
            return
        }
        output.lose(count + carry.count, isExact: false, from: side)
        carry.removeAll(keepingCapacity: true)
        (frame, message, mode) = (nil, nil, .searching)
    }

    private mutating func takeHeader(
        _ bytes: RawSpan, _ offset: inout Int, _ output: inout LayerOutput
    ) {
        if carry.isEmpty, case .header(let header) = WebSocketHeader.read(bytes, at: offset) {
            offset += header.length
            begin(header, &output)
            return
        }
        // A header that is not all there: byte by byte, so that no payload gets in.
        append(bytes.extracting(offset..<offset + 1), from: 0)
        offset += 1
        switch WebSocketHeader.read(carry.span.bytes, at: 0) {
        case .incomplete: return
        case .impossible: loseWay(&output)
        case .header(let header):
            carry.removeAll(keepingCapacity: true)
            begin(header, &output)
        }
    }

    /// Takes a header in, unless it breaks a rule.
    private mutating func begin(_ header: WebSocketHeader, _ output: inout LayerOutput) {
        if header.isCompressed {
            isCompressed = true
            return
        }
        let isOrdered =
            header.opcode.isControl
            || (header.opcode == .continuation) == (message != nil)
        // Clients mask and servers do not (RFC 6455, section 5.1).
        guard isOrdered, (header.mask != nil) == isClient else { return loseWay(&output) }
        if !header.opcode.isControl {
            let opcode = header.opcode == .continuation ? message : header.opcode
            message = header.isFinal ? nil : opcode
            // MQTT is sent in binary messages only (MQTT-6.0.0-1).
            if opcode == .text, header.opcode == .text { output.noteMalformed(from: side) }
            frame = Open(
                mask: header.mask, rest: header.payloadLength, isGivenOut: opcode == .binary)
        } else {
            frame = Open(mask: header.mask, rest: header.payloadLength, isGivenOut: false)
        }
        if header.payloadLength == 0 { frame = nil }
    }

    private mutating func takePayload(
        _ bytes: RawSpan, _ offset: inout Int, _ output: inout LayerOutput
    ) {
        guard let open = frame else { return }
        let count = min(open.rest, bytes.byteCount - offset)
        let payload = bytes.extracting(offset..<offset + count)
        if open.isGivenOut {
            if let mask = open.mask {
                output.append(payload, unmasking: mask, phase: open.phase, from: side)
            } else {
                output.append(payload, from: side)
            }
        }
        offset += count
        advance(count)
    }

    private mutating func advance(_ count: Int) {
        guard var open = frame else { return }
        open.rest -= count
        open.phase = (open.phase + count) & 3
        frame = open.rest == 0 ? nil : open
    }

    /// The bytes are no frames any more.
    private mutating func loseWay(_ output: inout LayerOutput) {
        output.noteMalformed(from: side)
        (frame, message, mode) = (nil, nil, .searching)
        search(segmentStart: -1, &output)
    }

    private mutating func search(segmentStart: Int, _ output: inout LayerOutput) {
        let search = WebSocketSearch(isClient: isClient)
        let finding = search.next(in: carry.span.bytes, segmentStart: segmentStart)
        switch finding {
        case .found(let offset):
            output.lose(offset, isExact: false, from: side)
            var rest: [UInt8] = []
            swap(&rest, &carry)
            mode = .frames
            receive(rest.span.bytes.extracting(droppingFirst: offset), into: &output)
        case .nothing(var offset):
            if carry.count - offset > Framing.undecidedLimit {
                offset = carry.count - Framing.undecidedLimit / 2
            }
            output.lose(offset, isExact: false, from: side)
            carry.removeFirst(offset)
        }
    }

    private mutating func append(_ bytes: RawSpan, from offset: Int) {
        bytes.extracting(droppingFirst: offset).withUnsafeBytes { carry.append(contentsOf: $0) }
    }
}
