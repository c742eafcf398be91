internal import Foundation
internal import Glibc
internal import Storage
package import Study

/// A start state on disk: a closed store below `data`, and beside it what is in it.
package struct AgedDatabase: Codable, Sendable {
    package let record: StartRecord
    let inventory: StoreInventory

    private static let file = "state.json"

    static func data(of directory: String) -> String { directory + "/data" }

    /// - Returns: nil when there is none at `directory`, or one whose building was not finished.
    /// - Throws: `.environment` for a description that is not whole.
    package static func read(_ directory: String) throws(TrialError) -> AgedDatabase? {
        let path = directory + "/" + file
        guard let json = FileManager.default.contents(atPath: path) else { return nil }
        do { return try JSONDecoder().decode(AgedDatabase.self, from: json) } catch {
            throw .environment(
                "\(path): does not describe a start state (\(error)); start a new study")
        }
    }

    /// Reads every byte again and compares.
    func verify(_ directory: String) throws(TrialError) {
        let data = Self.data(of: directory)
        do throws(StartError) {
            try inventory.check(data)
            guard try StoreInventory(reading: data) == inventory else {
                throw .changed(data, "the content of its files differs")
            }
        } catch { throw .environment(error.description) }
    }

    /// Makes `target` a store that begins as the one at `directory`.
    func clone(_ directory: String, to target: String) throws(TrialError) {
        do throws(StartError) {
            try inventory.clone(Self.data(of: directory), to: target)
        } catch { throw .environment(error.description) }
    }

    /// Written last, and synced: a state with a description is whole.
    func write(to directory: String) throws {
        let path = directory + "/" + Self.file
        try JSONEncoder().encode(self).write(to: URL(fileURLWithPath: path))
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
