import Foundation
import Glibc
import TestSupport
import Testing

/// A disk of a test's own that can be filled: a tmpfs, which only root may mount.
final class SmallDisk {
    let path: String

    init?(_ path: String, megabytes: Int) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch { return nil }
        guard Self.run("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", path]) else {
            return nil
        }
    }

    deinit { _ = Self.run("umount", ["-l", path]) }

    private static func run(_ name: String, _ arguments: [String]) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

@Suite struct FullDiskTests {
    /// Skipped, with this reason, where a file system may not be mounted.
    @Test(.enabled(if: getuid() == 0, "only root may mount a disk that can be filled"))
    func aFullDiskEndsTheStudyInOneSentenceAndKeepsItsTrials() throws {
        let scratch = ScratchDirectory()
        // Sixteen empty shards take some 68 MB: their manifests are preallocated.
        guard let disk = SmallDisk(scratch("disk"), megabytes: 400) else {
            withKnownIssue("this machine does not let tests mount a tmpfs") { Issue.record("") }
            return
        }
        let arguments = StudyTests.arguments.map { $0 == "study" ? "disk/study" : $0 }
        let errors = scratch("errors")
        try Data().write(to: URL(fileURLWithPath: errors))
        let process = try Command.start(
            arguments, in: scratch.path,
            errors: FileHandle(forWritingTo: URL(fileURLWithPath: errors)))
        let second = scratch("disk/study/trials/2/trial.log")
        let end = Date().addingTimeInterval(120)
        while !FileManager.default.fileExists(atPath: second), Date() < end {
            Thread.sleep(forTimeInterval: 0.02)
        }
        let filler = scratch("disk/filler")
        fill(filler)
        process.waitUntilExit()
        let text = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(process.terminationStatus == 3, "\(text)")
        #expect(text.contains("dstune resume"), "\(text)")

        try FileManager.default.removeItem(atPath: filler)
        let first = scratch("disk/study/trials/1/result.json")
        let answer = try Data(contentsOf: URL(fileURLWithPath: first))
        let resumed = try Command.run(["resume", "disk/study"], in: scratch.path)
        #expect(resumed.code == 0, "\(resumed.errors)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: first)) == answer)
        withExtendedLifetime(disk) {}
    }

    private func fill(_ path: String) {
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        guard file >= 0 else { return }
        let block = [UInt8](repeating: 0, count: 1 << 20)
        while write(file, block, block.count) > 0 {}
        close(file)
    }
}
