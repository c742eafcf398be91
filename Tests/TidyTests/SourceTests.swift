import Foundation
import TestSupport
import Testing

/// Properties of the sources that a reviewer should not have to look for.
@Suite struct SourceTests {
    static let files = (try? swiftFiles(in: "Sources")) ?? []

    @Test func thereAreSources() { #expect(Self.files.count > 50) }

    /// What comes from outside must never end the process.
    @Test(arguments: files) func nothingTrapsOnOutsideData(_ file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        for word in ["try!", "fatalError(", " as! "] {
            #expect(!text.contains(word), "\(file.lastPathComponent) has \(word)")
        }
    }

    /// A promise to the compiler is made only beside the sentence that proves it.
    @Test(arguments: files) func uncheckedSendableSaysWhy(_ file: URL) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        if text.contains("@unchecked Sendable {") {
            #expect(text.contains("`@unchecked Sendable`:"), "\(file.lastPathComponent)")
        }
    }

    /// A file is one idea; past this length it is two.
    @Test(arguments: files) func filesAreShort(_ file: URL) throws {
        let lines = try String(contentsOf: file, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count <= 400, "\(file.lastPathComponent) has \(lines.count) lines")
    }
}
