/// The block file of Wireshark (draft-ietf-opsawg-pcapng): sections, each with its byte order and its
/// interfaces, and frames in enhanced, simple and the obsolete packet blocks. Other blocks are skipped.
struct Pcapng: CaptureFormat {
    static let name = "pcapng"

    private var bigEndian = false
    private var interfaces: [Interface] = []
    private var count = 0
    /// Of the frame before; what has no time of its own gets it.
    private var lastTime: Int64 = 0
    private(set) var isCutOff = false
    /// Bytes of the block that was given last and lies in the window still.
    private var taken = 0

    private struct Interface {
        let link: LinkType
        let snapLength: Int
        let ticks: TickLength
        /// To be added to every time, in seconds.
        let offset: Int64
    }

    private static let byteOrderMagic: UInt32 = 0x1A2B_3C4D
    private static let blockFrame = 12
    private static let decryptionSecrets: UInt32 = 10
    /// "TLSK", the kind of secrets.
    private static let tlsKeyLog: UInt32 = 0x544C_534B

    static func recognises(_ head: [UInt8]) -> Bool { head == [0x0A, 0x0D, 0x0D, 0x0A] }

    init(_ input: inout CaptureInput) throws(CaptureError) {
        guard try input.fill(28) else {
            throw .damagedBlock(path: input.path, offset: 0, why: "the section header is cut off")
        }
    }

    mutating func next(_ input: inout CaptureInput) throws(CaptureError) -> Frame? {
        while true {
            input.take(taken)
            taken = 0
            guard try input.fill(Self.blockFrame) else {
                isCutOff = input.available > 0
                return nil
            }
            var start = input.start
            let isSection =
                input.window.span.bytes.four(at: start, bigEndian: bigEndian) == 0x0A0D_0D0A
            if isSection { try readByteOrder(input) }
            let kind = input.window.span.bytes.four(at: start, bigEndian: bigEndian)
            let length = Int(input.window.span.bytes.four(at: start + 4, bigEndian: bigEndian))
            // A host that lost power leaves zeros where the rest should be.
            guard kind != 0 || length != 0 else {
                isCutOff = true
                return nil
            }
            guard length >= Self.blockFrame, length % 4 == 0, length <= largestFrame else {
                throw .damagedBlock(
                    path: input.path, offset: input.offset,
                    why: "it claims a block of \(length) bytes")
            }
            guard try input.fill(length) else {
                isCutOff = true
                return nil
            }
            taken = length
            // Reading on may have moved the window.
            start = input.start
            let closing = Int(
                input.window.span.bytes.four(at: start + length - 4, bigEndian: bigEndian))
            guard closing == length else {
                throw .damagedBlock(
                    path: input.path, offset: input.offset,
                    why: "its two lengths differ, \(length) and \(closing)")
            }
            if kind == Self.decryptionSecrets {
                keepSecrets(&input, length)
                continue
            }
            let block = input.window.span.bytes.extracting(input.start..<input.start + length)
            if let frame = try readBlock(kind, block, input) { return frame }
        }
    }

    /// A decryption secrets block with a TLS key log, as `editcap --inject-secrets` puts it in.
    private func keepSecrets(_ input: inout CaptureInput, _ length: Int) {
        let start = input.start
        // A copy, rare: the window belongs to the input.
        let block = Array(input.window[start..<start + length])
        let bytes = block.span.bytes
        guard length >= 20, bytes.four(at: 8, bigEndian: bigEndian) == Self.tlsKeyLog else {
            return
        }
        let count = min(Int(bytes.four(at: 12, bigEndian: bigEndian)), length - 20)
        input.keep(secrets: bytes.extracting(16..<16 + count))
    }

    private mutating func readByteOrder(_ input: borrowing CaptureInput) throws(CaptureError) {
        let bytes = input.window.span.bytes
        if bytes.four(at: input.start + 8, bigEndian: false) == Self.byteOrderMagic {
            bigEndian = false
        } else if bytes.four(at: input.start + 8, bigEndian: true) == Self.byteOrderMagic {
            bigEndian = true
        } else {
            throw .damagedBlock(
                path: input.path, offset: input.offset, why: "a section has no byte order")
        }
        interfaces = []
    }

    private mutating func readBlock(
        _ kind: UInt32, _ block: RawSpan, _ input: borrowing CaptureInput
    ) throws(CaptureError) -> Frame? {
        switch kind {
        case 1:
            guard let interface = readInterface(block) else {
                throw .damagedBlock(
                    path: input.path, offset: input.offset, why: "an interface cannot be read")
            }
            interfaces.append(interface)
            return nil
        case 2:
            return try readPacket(block, input, interface: { Int($0.two(at: 8, bigEndian: $1)) })
        case 3: return try readSimplePacket(block, input)
        case 6:
            return try readPacket(block, input, interface: { Int($0.four(at: 8, bigEndian: $1)) })
        default: return nil
        }
    }

    private func readInterface(_ block: RawSpan) -> Interface? {
        guard block.byteCount >= 20 else { return nil }
        var (ticks, offset) = (TickLength.microsecond, Int64(0))
        var at = 16
        while at + 8 <= block.byteCount {
            let (code, length) = (
                block.two(at: at, bigEndian: bigEndian),
                Int(block.two(at: at + 2, bigEndian: bigEndian))
            )
            guard code != 0, at + 4 + length <= block.byteCount - 4 else { break }
            switch (code, length) {
            case (9, 1): ticks = TickLength(resolution: block.byte(at: at + 4))
            case (14, 8): offset = Int64(bitPattern: block.eight(at: at + 4, bigEndian: bigEndian))
            default: break
            }
            at += 4 + (length + 3) & ~3
        }
        return Interface(
            link: LinkType(rawValue: UInt32(block.two(at: 8, bigEndian: bigEndian))),
            snapLength: Int(block.four(at: 12, bigEndian: bigEndian)), ticks: ticks, offset: offset)
    }

    /// An enhanced packet block; the obsolete packet block differs only in the width of its first field.
    private mutating func readPacket(
        _ block: RawSpan, _ input: borrowing CaptureInput, interface number: (RawSpan, Bool) -> Int
    ) throws(CaptureError) -> Frame? {
        guard block.byteCount >= 32 else {
            throw damaged(input, "its block is too short for a frame")
        }
        let number = number(block, bigEndian)
        let interface = try interface(number, input)
        let ticks =
            UInt64(block.four(at: 12, bigEndian: bigEndian)) << 32
            | UInt64(block.four(at: 16, bigEndian: bigEndian))
        let captured = Int(block.four(at: 20, bigEndian: bigEndian))
        guard captured <= block.byteCount - 32 else {
            throw damaged(input, "it claims \(captured) bytes in a block of \(block.byteCount)")
        }
        count += 1
        lastTime = interface.ticks.time(ticks, offset: interface.offset)
        let start = input.start + 28
        return Frame(
            number: count, offset: input.offset, time: lastTime, link: interface.link,
            interface: UInt32(truncatingIfNeeded: number), bytes: start..<start + captured,
            wireLength: Int(block.four(at: 24, bigEndian: bigEndian)))
    }

    /// Without a time and a captured length: the snap length of the only interface decides.
    private mutating func readSimplePacket(
        _ block: RawSpan, _ input: borrowing CaptureInput
    ) throws(CaptureError) -> Frame? {
        guard block.byteCount >= 16 else {
            throw damaged(input, "its block is too short for a frame")
        }
        let interface = try interface(0, input)
        let wireLength = Int(block.four(at: 8, bigEndian: bigEndian))
        let snapLength = interface.snapLength == 0 ? Int.max : interface.snapLength
        count += 1
        let start = input.start + 12
        return Frame(
            number: count, offset: input.offset, time: lastTime, isTimed: false,
            link: interface.link,
            bytes: start..<start + min(wireLength, snapLength, block.byteCount - 16),
            wireLength: wireLength)
    }

    private func interface(_ number: Int, _ input: borrowing CaptureInput) throws(CaptureError)
        -> Interface
    {
        guard number < interfaces.count else {
            throw damaged(input, "it names interface \(number) of \(interfaces.count)")
        }
        return interfaces[number]
    }

    private func damaged(_ input: borrowing CaptureInput, _ why: String) -> CaptureError {
        .damagedFrame(path: input.path, frame: count + 1, offset: input.offset, why: why)
    }
}
