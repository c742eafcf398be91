/// The classic libpcap file (pcap-savefile(5)): a header of 24 bytes and records of 16 bytes and a
/// frame, in the byte order of the machine that wrote it. Old Linux kernels wrote records of 24 bytes.
struct Pcap: CaptureFormat {
    static let name = "pcap"

    private let bigEndian: Bool
    private let nanosecondsPerTick: UInt64
    private let recordLength: Int
    private let link: LinkType
    private var count = 0
    private(set) var isCutOff = false
    /// Bytes of the frame that was given last and lies in the window still.
    private var taken = 0

    private static let headerLength = 24
    private static let microseconds: UInt32 = 0xA1B2_C3D4
    private static let nanoseconds: UInt32 = 0xA1B2_3C4D
    /// Microseconds, and eight more bytes in each record.
    private static let modified: UInt32 = 0xA1B2_CD34

    static func recognises(_ head: [UInt8]) -> Bool {
        magic(head.span.bytes) != nil
    }

    private static func magic(_ head: RawSpan) -> (
        bigEndian: Bool, nanosecondsPerTick: UInt64, recordLength: Int
    )? {
        guard head.byteCount >= 4 else { return nil }
        for bigEndian in [false, true] {
            switch head.four(at: 0, bigEndian: bigEndian) {
            case microseconds: return (bigEndian, 1_000, 16)
            case nanoseconds: return (bigEndian, 1, 16)
            case modified: return (bigEndian, 1_000, 24)
            default: continue
            }
        }
        return nil
    }

    init(_ input: inout CaptureInput) throws(CaptureError) {
        guard try input.fill(Self.headerLength) else {
            throw .damagedBlock(
                path: input.path, offset: 0, why: "the header of 24 bytes is cut off")
        }
        self.init(header: input.window.span.bytes.extracting(input.start..<input.end))
        input.take(Self.headerLength)
    }

    private init(header: RawSpan) {
        guard let magic = Self.magic(header) else {
            preconditionFailure("a file is opened as what it was recognised to be")
        }
        (bigEndian, nanosecondsPerTick, recordLength) = magic
        // The upper half of the field says how long the frame check sequence is.
        link = LinkType(rawValue: header.four(at: 20, bigEndian: bigEndian) & 0xFFFF)
    }

    mutating func next(_ input: inout CaptureInput) throws(CaptureError) -> Frame? {
        input.take(taken)
        taken = 0
        guard try input.fill(recordLength) else {
            isCutOff = input.available > 0
            return nil
        }
        let (time, captured, wireLength) = record(input.window.span.bytes, at: input.start)
        // A host that lost power leaves zeros where the rest should be.
        guard time != 0 || captured != 0 || wireLength != 0 else {
            isCutOff = true
            return nil
        }
        guard captured <= largestFrame else {
            throw .damagedFrame(
                path: input.path, frame: count + 1, offset: input.offset,
                why: "it claims \(captured) bytes, which no network has in a frame")
        }
        guard try input.fill(recordLength + captured) else {
            isCutOff = true
            return nil
        }
        count += 1
        input.take(recordLength)
        taken = captured
        return Frame(
            number: count, offset: input.offset - recordLength, time: time, link: link,
            bytes: input.start..<input.start + captured, wireLength: wireLength)
    }

    private func record(_ window: RawSpan, at start: Int) -> (
        time: Int64, captured: Int, wireLength: Int
    ) {
        let seconds = UInt64(window.four(at: start, bigEndian: bigEndian))
        let fraction = UInt64(window.four(at: start + 4, bigEndian: bigEndian))
        return (
            clampedTime(seconds * 1_000_000_000 + fraction * nanosecondsPerTick),
            Int(window.four(at: start + 8, bigEndian: bigEndian)),
            Int(window.four(at: start + 12, bigEndian: bigEndian))
        )
    }
}
