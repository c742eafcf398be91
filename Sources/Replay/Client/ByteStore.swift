/// Copies of packets that wait or may have to be sent again, in blocks that are used over and over: once as much
/// has waited as ever will, nothing is allocated.
struct ByteStore {
    /// One kept packet.
    struct Handle: Equatable {
        fileprivate let chunk: UInt32
        fileprivate let start: UInt32
        fileprivate let length: UInt32

        var byteCount: Int { Int(length) }
    }

    /// Blocks are cut from chunks, so that growing never moves what is there.
    private static let chunkBytes = 1 << 20
    /// Blocks are of 2⁶ bytes and more.
    private static let smallest = 6

    private struct Place {
        let chunk: UInt32
        let start: UInt32
    }

    private var chunks: [[UInt8]] = []
    /// Used bytes of the chunk that is being cut, and which it is.
    private var cutting = -1
    private var cut = Self.chunkBytes
    /// Freed blocks, by the logarithm of their size.
    private var free: [[Place]] = Array(repeating: [], count: 32)
    /// Bytes of the packets that are kept.
    private(set) var kept = 0

    mutating func keep(_ packet: RawSpan) -> Handle {
        let place = block(Self.class(of: packet.byteCount))
        let start = Int(place.start)
        packet.withUnsafeBytes { source in
            chunks[Int(place.chunk)].withUnsafeMutableBytes {
                $0[start..<start + source.count].copyBytes(from: source)
            }
        }
        kept += packet.byteCount
        return Handle(chunk: place.chunk, start: place.start, length: UInt32(packet.byteCount))
    }

    /// Appends the packet to `bytes`.
    func copy(_ handle: Handle, to bytes: inout [UInt8]) {
        let start = Int(handle.start)
        bytes.append(contentsOf: chunks[Int(handle.chunk)][start..<start + handle.byteCount])
    }

    mutating func release(_ handle: Handle) {
        kept -= handle.byteCount
        free[Self.class(of: handle.byteCount)].append(
            Place(chunk: handle.chunk, start: handle.start))
    }

    private static func `class`(of count: Int) -> Int {
        count <= 1 << smallest ? smallest : Int.bitWidth - (count - 1).leadingZeroBitCount
    }

    private mutating func block(_ sizeClass: Int) -> Place {
        if let place = free[sizeClass].popLast() { return place }
        let size = 1 << sizeClass
        guard size < Self.chunkBytes else {
            chunks.append([UInt8](repeating: 0, count: size))
            return Place(chunk: UInt32(chunks.count - 1), start: 0)
        }
        if cut + size > Self.chunkBytes {
            chunks.append([UInt8](repeating: 0, count: Self.chunkBytes))
            (cutting, cut) = (chunks.count - 1, 0)
        }
        defer { cut += size }
        return Place(chunk: UInt32(cutting), start: UInt32(cut))
    }
}
