internal import NIOSSL

extension NIOSSLContext {
    /// A listener's context, from the files of its configuration.
    /// - Throws: which file cannot be read or is not understood.
    static func of(_ tls: ServerConfiguration.TLS?, listener: String) throws(ServerError)
        -> NIOSSLContext
    {
        guard let tls else {
            throw ServerError(
                "listener \(listener) has no certificate: set ssl_options.certfile and ssl_options.keyfile")
        }
        let chain = try reading(tls.certificate, "certificate", listener) {
            try NIOSSLCertificate.fromPEMFile(tls.certificate)
        }
        let key = try reading(tls.key, "key", listener) {
            try NIOSSLPrivateKey(file: tls.key, format: .pem)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        if let authorities = tls.clientAuthorities {
            configuration.trustRoots = .certificates(
                try reading(authorities, "certificate authorities", listener) {
                    try NIOSSLCertificate.fromPEMFile(authorities)
                })
            configuration.certificateVerification =
                tls.requiresClientCertificate ? .noHostnameVerification : .optionalVerification
        } else if tls.requiresClientCertificate {
            throw ServerError(
                "listener \(listener) asks for clients' certificates and has nobody to trust: set "
                    + "ssl_options.cacertfile")
        }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw ServerError(
                "listener \(listener): \(tls.certificate) and \(tls.key) do not go together (\(error)); give "
                    + "the key of that certificate")
        }
    }

    private static func reading<T>(
        _ path: String, _ what: String, _ listener: String, _ read: () throws -> T
    ) throws(ServerError) -> T {
        do { return try read() } catch {
            throw ServerError(
                "listener \(listener) cannot use \(path) as its \(what) (\(error)); give a readable file in "
                    + "PEM format")
        }
    }
}
