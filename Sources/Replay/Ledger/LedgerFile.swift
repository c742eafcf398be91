internal import Glibc

/// A file that only grows, written through memory: what was put into it is the kernel's at once and is there also
/// if this process is killed the moment after. Readable for its owner alone (mode 0600).
///
/// Room is reserved on the disk before it is mapped, so a full disk is an error here and not a signal.
struct LedgerFile: ~Copyable {
    let path: String
    private let file: Int32
    /// The part of the file that is mapped.
    private var window: UnsafeMutableRawBufferPointer
    /// Where in the file `window` begins: a multiple of the page size.
    private var start = 0
    /// Bytes of `window` that are in use.
    private var used = 0

    /// Mapped and reserved at a time; what is left of it is given back at the end.
    private static let chunk = 4 << 20
    /// Every page size in use divides this.
    private static let page = 1 << 16

    /// - Throws: `.cannotWrite`, also if there is a file of that name: a ledger is never overwritten.
    init(creating path: String) throws(LedgerError) {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .cannotWrite(path: path, errno: errno) }
        do {
            window = try Self.map(file, from: 0, Self.chunk, path)
        } catch {
            close(file)
            throw error
        }
        self.file = file
        self.path = path
    }

    deinit {
        munmap(window.baseAddress, window.count)
        close(file)
    }

    /// Bytes put into it.
    var size: Int { start + used }

    /// Makes room for `count` bytes; those that follow may be put without asking again.
    mutating func reserve(_ count: Int) throws(LedgerError) {
        guard window.count - used < count else { return }
        let end = size
        let next = end / Self.page * Self.page
        let length = max(Self.chunk, (end - next + count + Self.page) / Self.page * Self.page)
        let fresh = try Self.map(file, from: next, length, path)
        munmap(window.baseAddress, window.count)
        (window, start, used) = (fresh, next, end - next)
    }

    /// - Precondition: room was reserved.
    mutating func put(_ byte: UInt8) {
        window.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
        used += 1
    }

    /// In the order of this machine.
    mutating func put(_ word: UInt64) {
        precondition(window.count - used >= 8)
        window.storeBytes(of: word.littleEndian, toByteOffset: used, as: UInt64.self)
        used += 8
    }

    mutating func put(_ bytes: RawSpan) {
        precondition(window.count - used >= bytes.byteCount)
        bytes.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: window[used..<used + bytes.count])
                .copyMemory(from: bytes)
        }
        used += bytes.byteCount
    }

    /// Puts a byte where 0 was put before, at `offset` of the file: what makes a record whole is written last.
    mutating func seal(_ byte: UInt8, at offset: Int) {
        precondition(start <= offset && offset < size)
        window.storeBytes(of: byte, toByteOffset: offset - start, as: UInt8.self)
    }

    /// Gives back what was reserved and not used.
    mutating func trim() throws(LedgerError) {
        guard ftruncate(file, off_t(size)) == 0 else {
            throw .cannotWrite(path: path, errno: errno)
        }
    }

    private static func map(
        _ file: Int32, from offset: Int, _ count: Int, _ path: String
    ) throws(LedgerError) -> UnsafeMutableRawBufferPointer {
        let refusal = posix_fallocate(file, off_t(offset), off_t(count))
        guard refusal == 0 else { throw .cannotWrite(path: path, errno: refusal) }
        let mapped = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, file, off_t(offset))
        guard let mapped, mapped != MAP_FAILED else { throw .cannotWrite(path: path, errno: errno) }
        return UnsafeMutableRawBufferPointer(start: mapped, count: count)
    }
}
