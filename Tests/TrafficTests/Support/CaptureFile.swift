import CZlib
import CZstd
import Foundation
import Traffic

/// The bytes of capture files, written by hand.
enum CaptureFile {
    static func pcap(
        _ frames: [TestFrame], link: UInt32 = 1, bigEndian: Bool = false, nanoseconds: Bool = false
    ) -> [UInt8] {
        func four(_ value: UInt32) -> [UInt8] { value.bytes(bigEndian: bigEndian) }
        func two(_ value: UInt16) -> [UInt8] { value.bytes(bigEndian: bigEndian) }
        let magic: UInt32 = nanoseconds ? 0xA1B2_3C4D : 0xA1B2_C3D4
        var file = four(magic) + two(2) + two(4) + four(0) + four(0) + four(262_144) + four(link)
        for frame in frames {
            let fraction = frame.time % 1_000_000_000
            file +=
                four(UInt32(frame.time / 1_000_000_000))
                + four(UInt32(nanoseconds ? fraction : fraction / 1_000))
            file += four(UInt32(frame.bytes.count - frame.cut)) + four(UInt32(frame.bytes.count))
            file += frame.bytes.dropLast(frame.cut)
        }
        return file
    }

    /// As kernels of the nineties wrote it: eight more bytes in each record.
    static func modifiedPcap(_ frames: [TestFrame]) -> [UInt8] {
        var file = UInt32(0xA1B2_CD34).little + Array(pcap([]).dropFirst(4))
        for frame in frames {
            let record = Array(pcap([frame]).dropFirst(24))
            file += record.prefix(16) + [UInt8](repeating: 0x77, count: 8) + record.dropFirst(16)
        }
        return file
    }

    /// Blocks of a pcapng file.
    struct Blocks {
        var bigEndian = false
        var bytes: [UInt8] = []

        mutating func block(_ kind: UInt32, _ body: [UInt8]) {
            let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
            let length = four(UInt32(padded.count + 12))
            bytes += four(kind) + length + padded + length
        }

        mutating func section() {
            block(
                0x0A0D_0D0A,
                four(0x1A2B_3C4D) + two(1) + two(0) + [UInt8](repeating: 0xFF, count: 8))
        }

        mutating func interface(link: UInt16 = 1, snapLength: UInt32 = 0, options: [UInt8] = []) {
            block(1, two(link) + two(0) + four(snapLength) + options)
        }

        /// `if_tsresol`.
        func resolution(_ value: UInt8) -> [UInt8] {
            two(9) + two(1) + [value, 0, 0, 0] + two(0) + two(0)
        }

        /// `if_tsoffset`, in seconds.
        func offset(_ value: Int64) -> [UInt8] {
            two(14) + two(8) + value.bytes(bigEndian: bigEndian) + two(0) + two(0)
        }

        mutating func packet(_ frame: [UInt8], interface: UInt32 = 0, ticks: UInt64) {
            let time = four(UInt32(ticks >> 32)) + four(UInt32(truncatingIfNeeded: ticks))
            let lengths = four(UInt32(frame.count)) + four(UInt32(frame.count))
            block(6, four(interface) + time + lengths + frame)
        }

        /// The obsolete packet block.
        mutating func oldPacket(_ frame: [UInt8], interface: UInt16 = 0, ticks: UInt64) {
            let time = four(UInt32(ticks >> 32)) + four(UInt32(truncatingIfNeeded: ticks))
            let lengths = four(UInt32(frame.count)) + four(UInt32(frame.count))
            block(2, two(interface) + two(0xFFFF) + time + lengths + frame)
        }

        mutating func simplePacket(_ frame: [UInt8]) { block(3, four(UInt32(frame.count)) + frame) }

        func two(_ value: UInt16) -> [UInt8] { value.bytes(bigEndian: bigEndian) }
        func four(_ value: UInt32) -> [UInt8] { value.bytes(bigEndian: bigEndian) }
    }

    static func pcapng(_ frames: [TestFrame], bigEndian: Bool = false) -> [UInt8] {
        var blocks = Blocks(bigEndian: bigEndian)
        blocks.section()
        blocks.interface()
        for frame in frames { blocks.packet(frame.bytes, ticks: frame.time / 1_000) }
        return blocks.bytes
    }

    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var (stream, input, output) = (
            z_stream(), bytes, [UInt8](repeating: 0, count: bytes.count + 1_024)
        )
        deflateInit2_(
            &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                deflate(&stream, Z_FINISH)
                return output.count - Int(stream.avail_out)
            }
        }
        deflateEnd(&stream)
        return Array(output.prefix(count))
    }

    static func zstd(_ bytes: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
        return Array(output.prefix(count))
    }
}

/// A folder for the time of `body`, with these files in it.
func withFolder<Result>(
    _ files: [String: [UInt8]], _ body: (String) throws -> Result
) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "traffic-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, bytes) in files {
        let file = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }
    return try body(folder.path)
}

extension CaptureFile {
    static func unzstd(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: length)
        let count = ZSTD_decompress(&output, output.count, bytes, bytes.count)
        return Array(output.prefix(ZSTD_isError(count) == 0 ? count : 0))
    }

    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        UInt32(CZlib.crc32(0, bytes, UInt32(bytes.count)))
    }
}

/// Writes `bytes` to a file for the time of `body`.
func withFile<Result>(
    _ bytes: [UInt8], named name: String = "test.cap", _ body: (String) throws -> Result
) throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
        "traffic-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return try body(file.path)
}

func inspect(_ bytes: [UInt8]) throws -> Inspection {
    try withFile(bytes) { try Inspection(captures: [$0]) }
}
func inspect(_ wire: Wire) throws -> Inspection {
    try inspect(CaptureFile.pcap(wire.frames, link: wire.link.number))
}
func load(_ wire: Wire) throws -> (trace: Trace, inspection: Inspection) {
    try withFile(CaptureFile.pcap(wire.frames, link: wire.link.number)) {
        try Trace.load(captures: [$0])
    }
}

/// What reading `bytes` as a capture fails with.
func failure(_ bytes: [UInt8]) throws -> CaptureError? {
    try withFile(bytes) { path in
        do throws(CaptureError) {
            _ = try Inspection(captures: [path])
            return nil
        } catch { return error }
    }
}
