internal import Crypto
internal import Foundation
package import MQTT
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// The check at the door. Hashing takes tens of milliseconds and 32 MiB each, so it has a thread of its own
/// and a bounded queue before it: what finds the queue full is told to come again.
///
/// A user who is not there costs the same as a wrong password. What was verified last for a user is
/// remembered as a keyed hash (HMAC-SHA-256, a key drawn at start that is never written), so that a fleet that
/// reconnects is not a fleet that hashes; who can read this process's memory could try passwords against
/// it fast, and could read passwords on their way in as well.
package final class Authenticator: Sendable {
    package enum Verdict: Sendable {
        case accepted
        case badUserNameOrPassword
        case notAuthorized
        /// Too many wait to be checked.
        case busy
    }

    /// What publishers and subscribers may do; nil if there is no file of rules.
    package let rules: AccessRules?
    private let allowsAnonymous: Bool
    private let certificateNames: Bool
    private let users: [String: PasswordHash]?
    private let decoy: PasswordHash
    private let waiting = Atomic(0)
    private let pool: NIOThreadPool
    private let key = SymmetricKey(size: .bits256)
    private let verified = Mutex<[String: HMAC<SHA256>.MAC]>([:])

    /// Longest queue of passwords to be checked: some seconds of work.
    package static let longestQueue = 256
    /// Users whose last verified password is remembered.
    private static let mostVerified = 65_536
    /// Longest password that is hashed, bytes: MQTT's own bound would let a stranger send 64 KiB.
    package static let longestPassword = 4_096

    /// Reads the files that `access` names.
    /// - Throws: when one of them cannot be read or is not understood.
    package init(_ access: ServerConfiguration.Access) throws(ServerError) {
        allowsAnonymous = access.allowsAnonymous
        certificateNames = access.takesCertificateNames
        rules = try access.rules.map { path throws(ServerError) in try AccessRules(reading: path) }
        users = try access.users.map { path throws(ServerError) in
            try UserFile(reading: path).hashes
        }
        // As dear as most of the file's, so that the time to answer does not tell who is there.
        if let common = Dictionary(grouping: (users ?? [:]).values, by: \.memory).values
            .max(by: { $0.count < $1.count })?.first
        {
            decoy = common.decoy
        } else {
            decoy = try PasswordHash(of: [0], logRounds: 10).decoy
        }
        pool = NIOThreadPool(numberOfThreads: 1)
        if users != nil { pool.start() }
    }

    /// Ends the thread; checks that wait are answered with `.busy`.
    package func stop() { pool.shutdownGracefully { _ in } }

    /// Whether who says so may connect.
    ///
    /// - Parameter certificateName: common name of the client's verified certificate.
    /// - Returns: never fails.
    package func check(
        _ credentials: Credentials, certificateName: String?, on loop: any EventLoop
    ) -> EventLoopFuture<Verdict> {
        if certificateNames, let certificateName {
            let isItself = credentials.username.map { $0 == certificateName } ?? true
            return loop.makeSucceededFuture(isItself ? .accepted : .badUserNameOrPassword)
        }
        guard let username = credentials.username else {
            return loop.makeSucceededFuture(allowsAnonymous ? .accepted : .notAuthorized)
        }
        guard let users else {
            // Nobody can tell whether the name is true: this is an anonymous client that has one.
            return loop.makeSucceededFuture(allowsAnonymous ? .accepted : .notAuthorized)
        }
        guard let password = credentials.password, !password.isEmpty,
            password.count <= Self.longestPassword
        else { return loop.makeSucceededFuture(.badUserNameOrPassword) }
        let digest = digest(of: username, password)
        if verified.withLock({ $0[username] == digest }) {
            return loop.makeSucceededFuture(.accepted)
        }
        let before = waiting.add(1, ordering: .relaxed).oldValue
        guard before < Self.longestQueue else {
            waiting.subtract(1, ordering: .relaxed)
            return loop.makeSucceededFuture(.busy)
        }
        return pool.runIfActive(eventLoop: loop) { [self] in
            defer { waiting.subtract(1, ordering: .relaxed) }
            let hash = users[username] ?? decoy
            guard hash.matches(password), users[username] != nil else {
                return Verdict.badUserNameOrPassword
            }
            verified.withLock {
                if $0.count >= Self.mostVerified { $0.removeAll() }
                $0[username] = digest
            }
            return .accepted
        }.recover { _ in .busy }
    }

    private func digest(of username: String, _ password: [UInt8]) -> HMAC<SHA256>.MAC {
        var hash = HMAC<SHA256>(key: key)
        // A name has no zero in it [MQTT-1.5.4-2].
        hash.update(data: Array(username.utf8) + [0])
        hash.update(data: password)
        return hash.finalize()
    }
}
