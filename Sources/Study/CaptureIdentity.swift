internal import Foundation
internal import Glibc

/// Which capture a study is about: recognised by its content, so that a moved or renamed file is
/// still the same capture and an edited one is not.
package struct CaptureIdentity: Codable, Equatable, Sendable {
    /// Absolute path where it was read.
    package let path: String
    package let bytes: UInt64
    /// FNV-1a of 64 bits over the content, sixteen hexadecimal digits. Tells files apart that people
    /// mix up; it is no protection against one who wants two to look alike.
    package let digest: String

    package init(path: String, bytes: UInt64, digest: String) {
        self.path = path
        self.bytes = bytes
        self.digest = digest
    }

    /// Reads the file once, a piece at a time.
    /// - Throws: `CaptureReadError` if it is not there or cannot be read to its end.
    package init(reading path: String) throws(CaptureReadError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw CaptureReadError(path: path, errno: errno) }
        defer { close(file) }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var bytes: UInt64 = 0
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = read(file, &piece, piece.count)
            guard count >= 0 else { throw CaptureReadError(path: path, errno: errno) }
            guard count > 0 else { break }
            for index in 0..<count {
                hash = (hash ^ UInt64(piece[index])) &* 0x0000_0100_0000_01B3
            }
            bytes += UInt64(count)
        }
        let digits = String(hash, radix: 16)
        self.init(
            path: URL(fileURLWithPath: path).standardizedFileURL.path, bytes: bytes,
            digest: String(repeating: "0", count: 16 - digits.count) + digits)
    }

    package func isSameContent(as other: CaptureIdentity) -> Bool {
        bytes == other.bytes && digest == other.digest
    }

    package var name: String { URL(fileURLWithPath: path).lastPathComponent }
}

package struct CaptureReadError: Error, Equatable, CustomStringConvertible {
    package let path: String
    package let errno: Int32

    package var description: String {
        "\(path): cannot read the capture (\(String(cString: strerror(errno)))); "
            + "put it back where it was or start a new study"
    }
}
