internal import NIOSSL

/// How a target's certificate is checked, and which one is shown to it. Files in PEM format.
package struct TargetTLS: Sendable {
    /// Who may have signed its certificate; nil for those that this system trusts.
    package var authorities: String?
    /// Nothing is checked: whoever answers is the target.
    package var isUnverified = false
    /// Of this client, with those between it and its authority.
    package var certificate: String?
    /// Of the certificate; nil if it is in the same file.
    package var key: String?

    package init() {}

    /// Reads the files, so that what is wrong with them is known before anything is sent.
    /// - Throws: `.file` for one that cannot be read or does not fit.
    package func check() throws(TargetError) { _ = try context() }

    func context() throws(TargetError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if isUnverified { configuration.certificateVerification = .none }
        if let authorities {
            configuration.trustRoots = .certificates(
                try Self.reading(authorities) { try NIOSSLCertificate.fromPEMFile(authorities) })
        }
        if let certificate {
            let key = key ?? certificate
            configuration.certificateChain = try Self.reading(certificate) {
                try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            }
            configuration.privateKey = .privateKey(
                try Self.reading(key) { try NIOSSLPrivateKey(file: key, format: .pem) })
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw .file(
                certificate ?? authorities ?? "TLS",
                why: "cannot be used (\(error)); give the key that belongs to the certificate")
        }
    }

    private static func reading<T>(_ path: String, _ read: () throws -> T) throws(TargetError) -> T
    {
        do { return try read() } catch {
            throw .file(path, why: "cannot be used (\(error)); give a readable file in PEM format")
        }
    }
}
