internal import Glibc

/// Where the bytes of a source come from as they are on disk: a file, standard input, or memory.
struct ByteSource: ~Copyable {
    /// As messages call it.
    let name: String
    /// Whether the same bytes can be had again by opening the path once more. Pipes give theirs once.
    let canReopen: Bool
    /// Bytes there were when it was opened, as they are on disk; nil if that is not known.
    let length: Int?
    /// Bytes read so far.
    private(set) var position = 0

    private let descriptor: Int32
    private let isOwned: Bool
    private let memory: [UInt8]

    /// What stands for standard input on a command line.
    static let standardInput = "-"
    static let inputName = "standard input"

    init(path: String) throws(CaptureError) {
        memory = []
        guard path != Self.standardInput else {
            (name, canReopen, descriptor, isOwned) = (Self.inputName, false, STDIN_FILENO, false)
            length = nil
            return
        }
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw .unreadable(path: path, errno: errno) }
        var status = stat()
        let isFile = fstat(opened, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        (name, canReopen, descriptor, isOwned) = (path, isFile, opened, true)
        length = isFile ? Int(status.st_size) : nil
    }

    init(_ bytes: [UInt8], name: String) {
        (memory, self.name) = (bytes, name)
        (canReopen, descriptor, isOwned, length) = (false, -1, false, bytes.count)
    }

    deinit { if isOwned { close(descriptor) } }

    /// Reads what there is, at most as much as fits.
    /// - Returns: bytes read; 0 at the end.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
        guard descriptor >= 0 else {
            let count = min(buffer.count, memory.count - position)
            memory.withUnsafeBytes {
                buffer.copyMemory(from: .init(rebasing: $0[position..<position + count]))
            }
            position += count
            return count
        }
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                position += count
                return count
            }
            guard errno == EINTR else { throw .unreadable(path: name, errno: errno) }
        }
    }
}
