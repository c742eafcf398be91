internal import CRocks

/// RocksDB refused. `description` is its own text, unedited.
package struct RocksError: Error, Equatable, CustomStringConvertible {
    /// `rocksdb::Status::Code` (rocksdb/status.h); 5 is an I/O error.
    package let code: Int32
    package let subcode: Int32
    package let description: String

    /// `rocksdb::Status::SubCode::kNoSpace`.
    static let noSpace: Int32 = 4

    /// `rocksdb::Status::Code::kIncomplete`: what was asked for would have had to wait.
    static let incomplete = RocksError(
        code: 7, subcode: 0, description: "there is no place inside RocksDB at once")

    /// It would have been done if it could have waited, or read from the disk.
    var isIncomplete: Bool { code == Self.incomplete.code }

    package var isNoSpace: Bool { subcode == Self.noSpace }
}

/// The one place where a C status becomes a Swift error, and where its message is freed.
func check(_ status: crocks_status) throws(RocksError) {
    guard status.code != 0 else { return }
    defer { crocks_free(status.message) }
    throw RocksError(
        code: status.code, subcode: status.subcode,
        description: status.message.map { String(cString: $0) } ?? "status \(status.code)")
}
