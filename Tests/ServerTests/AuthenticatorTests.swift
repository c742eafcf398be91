import Foundation
import MQTT
import NIOCore
import NIOPosix
import Server
import TestSupport
import Testing

/// Who gets in.
@Suite struct AuthenticatorTests {
    /// Cheap hashes: what is tested is who gets in, not what it costs.
    private static func userFile(in scratch: ScratchDirectory) throws -> String {
        var file = UserFile(newAt: scratch("users"))
        try file.set("ann", PasswordHash(of: Array("right".utf8), logRounds: 10))
        try file.set("bob", PasswordHash(of: Array("left".utf8), logRounds: 10))
        try file.write()
        return scratch("users")
    }

    private static func verdict(
        _ access: ServerConfiguration.Access, _ name: String?, _ password: String?,
        certificate: String? = nil
    ) async throws -> Authenticator.Verdict {
        let authenticator = try Authenticator(access)
        defer { authenticator.stop() }
        return try await authenticator.check(
            Credentials(clientID: "c", username: name, password: password.map { Array($0.utf8) }),
            certificateName: certificate, on: MultiThreadedEventLoopGroup.singleton.any()
        ).get()
    }

    /// Checklist 4. Fails if anybody gets in without a password while nothing says so.
    @Test func nobodyAnonymousGetsInUnlessConfigured() async throws {
        var access = ServerConfiguration.Access()
        #expect(try await Self.verdict(access, nil, nil) == .notAuthorized)
        #expect(try await Self.verdict(access, "ann", "right") == .notAuthorized)
        access.allowsAnonymous = true
        #expect(try await Self.verdict(access, nil, nil) == .accepted)
        #expect(try await Self.verdict(access, "ann", "x") == .accepted)
    }

    @Test(arguments: [false, true]) func onlyTheRightPasswordOpens(_ anonymous: Bool) async throws {
        let scratch = ScratchDirectory()
        var access = ServerConfiguration.Access()
        access.users = try Self.userFile(in: scratch)
        access.allowsAnonymous = anonymous
        #expect(try await Self.verdict(access, "ann", "right") == .accepted)
        for (name, password) in [
            ("ann", "left"), ("ann", nil), ("ann", ""), ("cat", "right"), ("ann:", "right"),
        ]
            as [(String, String?)]
        {
            #expect(try await Self.verdict(access, name, password) == .badUserNameOrPassword)
        }
        #expect(
            try await Self.verdict(access, nil, nil) == (anonymous ? .accepted : .notAuthorized))
    }

    /// The memory of what was verified opens for that password alone.
    @Test func whatWasVerifiedIsRememberedForThatPasswordOnly() async throws {
        let scratch = ScratchDirectory()
        var access = ServerConfiguration.Access()
        access.users = try Self.userFile(in: scratch)
        let authenticator = try Authenticator(access)
        defer { authenticator.stop() }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        for (password, verdict) in [
            ("right", Authenticator.Verdict.accepted), ("right", .accepted),
            ("left", .badUserNameOrPassword), ("right", .accepted),
        ] {
            let credentials = Credentials(
                clientID: "c", username: "ann", password: Array(password.utf8))
            let answer = try await authenticator.check(credentials, certificateName: nil, on: loop)
                .get()
            #expect(answer == verdict)
        }
    }

    /// Fails if strangers can make the queue longer than its bound.
    @Test func aFullQueueTellsTheNextToComeAgain() async throws {
        let scratch = ScratchDirectory()
        var access = ServerConfiguration.Access()
        access.users = try Self.userFile(in: scratch)
        let authenticator = try Authenticator(access)
        defer { authenticator.stop() }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let answers = (0..<Authenticator.longestQueue + 40).map { number in
            authenticator.check(
                Credentials(clientID: "c", username: "cat", password: [UInt8(number % 250) + 1]),
                certificateName: nil, on: loop)
        }
        var busy = 0
        for answer in answers {
            switch try await answer.get() {
            case .busy: busy += 1
            case .badUserNameOrPassword: continue
            case .accepted, .notAuthorized: Issue.record("nobody is called cat")
            }
        }
        #expect((1...40).contains(busy))
    }

    @Test func aCertificatesNameIsTheUsersWhereConfigured() async throws {
        var access = ServerConfiguration.Access()
        #expect(try await Self.verdict(access, nil, nil, certificate: "pump") == .notAuthorized)
        access.takesCertificateNames = true
        #expect(try await Self.verdict(access, nil, nil, certificate: "pump") == .accepted)
        #expect(try await Self.verdict(access, "pump", nil, certificate: "pump") == .accepted)
        #expect(
            try await Self.verdict(access, "root", nil, certificate: "pump")
                == .badUserNameOrPassword)
        #expect(try await Self.verdict(access, nil, nil) == .notAuthorized)
    }

    @Test func usersAreKeptInTheirFile() throws {
        let scratch = ScratchDirectory()
        let path = try Self.userFile(in: scratch)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        var file = try UserFile(reading: path)
        #expect(file.hashes.keys.sorted() == ["ann", "bob"] && !file.isOpenToOthers)
        let before = file.hashes["ann"]
        try file.set("ann", PasswordHash(of: [1], logRounds: 10))
        #expect(file.remove("bob") && !file.remove("bob"))
        try file.write()
        let after = try UserFile(reading: path)
        #expect(after.hashes.keys.sorted() == ["ann"] && after.hashes["ann"] != before)
        for name in ["", "a:b", "a b", "#a", "a\nb"] {
            #expect(throws: ServerError.self) { try UserFile.check(name: name) }
        }
        chmod(path, 0o644)
        #expect(try UserFile(reading: path).isOpenToOthers)
    }

    @Test(arguments: [
        "ann", "ann:", "ann:secret", ":$scrypt$ln=10,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        // Costs that would take the machine.
        "ann:$scrypt$ln=60,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$\(String(repeating: "A", count: 43))",
        "ann:$scrypt$ln=20,r=16,p=16$AAAAAAAAAAAAAAAAAAAAAA$\(String(repeating: "A", count: 43))",
    ]) func aLineThatIsNoUserIsNamedAndNotShown(_ line: String) throws {
        let scratch = ScratchDirectory()
        try "# users\n\(line)\n".write(toFile: scratch("u"), atomically: true, encoding: .utf8)
        let error = try #require(throws: ServerError.self) { try UserFile(reading: scratch("u")) }
        #expect(error.description.contains("u:2: ") && !error.description.contains("secret"))
    }

    @Test func credentialsAreWhatTheConnectCarries() throws {
        var bytes: [UInt8] = []
        let connect = Connect(
            version: .v5, clientID: "pump", username: "ann", hasPassword: true,
            will: Will(topic: "w", payload: [1, 2]))
        connect.write(to: &bytes, password: [7, 8, 9])
        let found = try Credentials.read(bytes.span.bytes)
        #expect(found.username == "ann" && found.password == [7, 8, 9] && found.clientID == "pump")
        #expect("\(found)" == "credentials")
        var text = ""
        dump(found, to: &text)
        #expect(!text.contains("ann"))
        let ping: [UInt8] = [0xC0, 0]
        #expect(throws: CodecError.self) { try Credentials.read(ping.span.bytes) }
        bytes.removeLast()
        let cut = bytes
        #expect(throws: CodecError.self) { try Credentials.read(cut.span.bytes) }
    }
}
