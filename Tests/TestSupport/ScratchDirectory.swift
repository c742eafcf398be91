package import Foundation

/// A directory of a test's own, gone with the value that made it.
package final class ScratchDirectory: Sendable {
    package let path: String

    package init() {
        path = NSTemporaryDirectory() + "dstune-test-" + UUID().uuidString
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch { preconditionFailure("no scratch directory: \(error)") }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    package func callAsFunction(_ name: String) -> String { path + "/" + name }
}

/// Folders that tests read.
package enum Folder {
    /// The root of the package, found from this file.
    package static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Golden data and captures that are kept beside the project and are not part of it. A clone of a
    /// user does not have them; tests that need them are skipped there and say so.
    package static let shared = package.deletingLastPathComponent().appendingPathComponent("shared")

    package static var hasShared: Bool {
        FileManager.default.fileExists(atPath: shared.path)
    }

    package static let capture = package.appendingPathComponent(
        "Profiles/captures/fleet-60.pcap.gz"
    ).path
}
