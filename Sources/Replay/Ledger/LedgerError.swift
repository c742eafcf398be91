internal import Glibc

/// Why a ledger cannot be written or read.
package enum LedgerError: Error, Equatable, Sendable {
    /// The environment failed: no such directory, no right, no space.
    case cannotWrite(path: String, errno: Int32)
    case cannotRead(path: String, errno: Int32)
    /// It does not begin as a ledger does.
    case notALedger(path: String)
    /// `offset` is where the record begins that makes no sense.
    case damaged(path: String, offset: Int, why: String)
}

extension LedgerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotWrite(let path, let code):
            "\(path): the ledger cannot be written (\(String(cString: strerror(code)))); "
                + "free space on that disk or name another file"
        case .cannotRead(let path, let code):
            "\(path): the ledger cannot be read (\(String(cString: strerror(code))))"
        case .notALedger(let path):
            "\(path): not a ledger of a replay; name the file that `--ledger` wrote"
        case .damaged(let path, let offset, let why):
            "\(path): damaged at byte \(offset): \(why); what it says cannot be trusted, replay again"
        }
    }
}
