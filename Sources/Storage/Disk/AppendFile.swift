internal import CRocks
package import Measure

/// A file that only grows, on the file system of an engine: what a shared log writes is counted, delayed,
/// dropped and failed as RocksDB's own files are.
///
/// Owns the C pointer; letting go of it closes the file, without a sync.
package struct AppendFile: ~Copyable {
    private let raw: OpaquePointer
    /// The file system must outlive the file.
    private let engine: RocksEngine

    /// A new file.
    /// - Throws: also when there is a file of that name already.
    package init(creating path: String, on engine: RocksEngine) throws(RocksError) {
        var opened: OpaquePointer?
        try check(crocks_file_create(engine.raw, path, &opened))
        raw = try opened.orNothing()
        self.engine = engine
    }

    /// Continues a file at its end, or makes it.
    package init(appendingTo path: String, on engine: RocksEngine) throws(RocksError) {
        var opened: OpaquePointer?
        try check(crocks_file_reopen(engine.raw, path, &opened))
        raw = try opened.orNothing()
        self.engine = engine
    }

    deinit {
        // Nothing is promised of what was not synced, so an error of close loses nothing that was.
        try? check(crocks_file_close(raw))
    }

    /// Hands `bytes` to the operating system. After an error some of them may be in the file.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(RocksError) {
        try check(crocks_file_append(raw, bytes.baseAddress, bytes.count))
    }

    /// The same of an array.
    mutating func append(_ bytes: [UInt8]) throws(RocksError) {
        // `withUnsafeBytes` would erase the type of the error.
        let result: Result<Void, RocksError> = bytes.withUnsafeBytes { buffer in
            Result { () throws(RocksError) in try append(buffer) }
        }
        try result.get()
    }

    /// Waits until all that was appended is on the device (`fdatasync`). The file's name is not: see
    /// `RocksEngine.syncDirectory`.
    package mutating func sync() throws(RocksError) { try check(crocks_file_sync(raw)) }

    /// Of what was appended without an error, and of what was there before.
    package var size: Bytes { Bytes(crocks_file_size(raw)) }
}

/// Files beside the databases, through the same file system as theirs.
extension RocksEngine {
    /// The whole file.
    package func contents(of path: String) throws(RocksError) -> [UInt8] {
        var bytes: UnsafeMutableRawPointer?
        var count = 0
        try check(crocks_file_read(raw, path, &bytes, &count))
        defer { crocks_free(bytes) }
        return Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// Cuts a file that nobody has open for appending, for example at its last whole record, and syncs it.
    package func truncate(_ path: String, to size: Bytes) throws(RocksError) {
        try check(crocks_file_truncate(raw, path, size.count))
    }

    /// Gives a file a new name, in place of whatever had it. Durable after `syncDirectory`.
    package func rename(_ path: String, to name: String) throws(RocksError) {
        try check(crocks_file_rename(raw, path, name))
    }

    package func remove(_ path: String) throws(RocksError) {
        try check(crocks_file_remove(raw, path))
    }

    /// Makes a directory unless there is one; its parent has to be there.
    package func createDirectory(_ path: String) throws(RocksError) {
        try check(crocks_directory_create(raw, path))
    }

    /// Makes the names in a directory durable (`fsync` of the directory).
    package func syncDirectory(_ path: String) throws(RocksError) {
        try check(crocks_directory_sync(raw, path))
    }

    /// The names in a directory, sorted, without `.` and `..`.
    package func names(in directory: String) throws(RocksError) -> [String] {
        var names: UnsafeMutablePointer<CChar>?
        var count = 0
        try check(crocks_directory_list(raw, directory, &names, &count))
        defer { crocks_free(names) }
        let bytes = UnsafeRawBufferPointer(start: names, count: count)
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.sorted()
    }
}

extension OpaquePointer? {
    /// A success without a result is a mistake of the shim, and is said rather than dereferenced.
    func orNothing() throws(RocksError) -> OpaquePointer {
        guard let self else {
            throw RocksError(
                code: -1, subcode: 0, description: "opened nothing and reported no error")
        }
        return self
    }
}
