import Foundation
import TestSupport
import Testing

/// The picture in README.md, as a test: SwiftPM accepts an undeclared import when the module happens to
/// be built already, so the compiler alone does not keep it true.
@Suite struct LayeringTests {
    /// What each target may import of ours.
    static let below: [String: Set<String>] = [
        "Measure": [], "HOCON": [], "MQTT": [],
        "Knobs": ["Measure", "HOCON"],
        "Layout": ["MQTT", "Measure"],
        "Traffic": ["Layout", "Knobs", "MQTT", "HOCON", "Measure", "CZlib", "CZstd", "CSnappy"],
        "Storage": ["Layout", "CRocks", "Knobs", "HOCON", "MQTT", "Measure"],
        "Broker": ["MQTT", "Layout", "Storage", "Measure"],
        "Server": [
            "Broker", "MQTT", "Layout", "Storage", "Knobs", "HOCON", "Measure", "CJemalloc",
        ],
        "Tap": ["Traffic", "MQTT", "Measure"],
        "Replay": ["Traffic", "MQTT", "Measure", "CZlib", "CThread"],
        "Study": ["Knobs", "HOCON", "Measure"],
        "Trial": [
            "Study", "Replay", "Broker", "Storage", "Layout", "Traffic", "Knobs", "HOCON", "MQTT",
            "Measure", "CJemalloc",
        ],
        "Advisor": ["Study", "Knobs", "Traffic", "HOCON", "Measure"],
        "Report": ["Advisor", "Study", "Knobs", "Traffic", "Measure"],
        "dstune": [
            "Report", "Advisor", "Study", "Trial", "Server", "Tap", "Traffic", "Storage", "Replay",
            "Broker", "Layout", "Knobs", "HOCON", "MQTT", "Measure",
        ],
    ]

    static let ours = Set(below.keys).union([
        "CRocks", "CJemalloc", "CThread", "CZlib", "CZstd", "CSnappy",
    ])

    @Test(arguments: below.keys.sorted()) func importsOnlyWhatLiesBelow(_ module: String) throws {
        let files = try swiftFiles(in: "Sources/\(module)")
        #expect(!files.isEmpty, "\(module) is an empty shell")
        for file in files {
            for name in try imports(in: file) where Self.ours.contains(name) {
                #expect(
                    Self.below[module]?.contains(name) == true, "\(file.path) imports \(name)")
            }
        }
    }

    /// A target that is not in the picture would be held to nothing.
    @Test func everyTargetIsInThePicture() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: Folder.package.appendingPathComponent("Sources").path)
        for folder in folders {
            #expect(Self.ours.contains(folder), "Sources/\(folder) is in no layer")
        }
    }

    /// C++ and C pointers to RocksDB stay in Storage.
    @Test func everyTargetHasTests() throws {
        for module in Self.below.keys where module != "dstune" {
            #expect(
                try !swiftFiles(in: "Tests/\(module)Tests").isEmpty, "\(module) has no tests")
        }
        #expect(try !swiftFiles(in: "Tests/EndToEndTests").isEmpty)
    }
}

func swiftFiles(in folder: String) throws -> [URL] {
    let root = Folder.package.appendingPathComponent(folder)
    guard FileManager.default.fileExists(atPath: root.path) else { return [] }
    return try FileManager.default.subpathsOfDirectory(atPath: root.path)
        .filter { $0.hasSuffix(".swift") }.map { root.appendingPathComponent($0) }
}

/// Modules that a file imports, whatever the access level and attributes before the word.
func imports(in file: URL) throws -> [String] {
    try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
            words[..<place].allSatisfy({
                ["package", "internal", "private", "public", "fileprivate"].contains($0)
                    || $0.hasPrefix("@")
            })
        else { return nil }
        return String(words[words.count - 1].split(separator: ".")[0])
    }
}
