import Foundation
import Glibc
import TestSupport
import Testing

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
        SmallDisk.fill(filler)
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
}
