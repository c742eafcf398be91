import Foundation
import Replay
import TestSupport
import Testing

@Suite struct TargetCredentialsTests {
    private static func file(
        _ text: String, mode: Int = 0o600, in scratch: ScratchDirectory
    ) throws -> String {
        try text.write(toFile: scratch("users"), atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: scratch("users"))
        return scratch("users")
    }

    /// Fails if passwords are read from a file that others can read.
    @Test(arguments: [0o640, 0o604, 0o660, 0o644])
    func aFileThatOthersMayReadIsRefused(_ mode: Int) throws {
        let scratch = ScratchDirectory()
        let path = try Self.file("pump:hush\n", mode: mode, in: scratch)
        let error = #expect(throws: TargetError.self) { try TargetCredentials(reading: path) }
        #expect(error?.description.contains("chmod 600") == true)
    }

    /// Fails if a bad line is taken, or shown: it may be a password.
    @Test(arguments: ["", "# nobody\n", "hush\n", ":hush\n", "pump:hush\nsecret\n"])
    func aFileOfSomethingElseIsRefusedUnseen(_ text: String) throws {
        let scratch = ScratchDirectory()
        let path = try Self.file(text, in: scratch)
        let error = #expect(throws: TargetError.self) { try TargetCredentials(reading: path) }
        #expect(error?.description.contains("hush") == false)
        #expect(error?.description.contains("secret") == false)
        #expect(throws: TargetError.self) { try TargetCredentials(reading: scratch("nothing")) }
    }

    @Test func whatIsPrintedOfCredentialsSaysNothing() throws {
        let scratch = ScratchDirectory()
        let path = try Self.file("# fleet\npump:a:b\n", in: scratch)
        for credentials in [
            try TargetCredentials(reading: path),
            TargetCredentials.of(environment: [
                TargetCredentials.nameVariable: "pump", TargetCredentials.passwordVariable: "a:b",
            ]),
        ] {
            var printed = ""
            dump(credentials, to: &printed)
            #expect(!printed.contains("a:b") && !"\(credentials as Any)".contains("a:b"))
        }
        #expect(TargetCredentials.of(environment: [:]) == nil)
    }
}
