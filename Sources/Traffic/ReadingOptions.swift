/// What else is known when recorded traffic is read.
package struct ReadingOptions: Sendable {
    /// Path of a key log in NSS format, as `SSLKEYLOGFILE` makes them; nil: TLS stays encrypted.
    package var tlsKeyLog: String?
    /// Subscriptions that were made before the capture began; nil: they are inferred from deliveries.
    package var subscriptions: GivenSubscriptions?

    package init(tlsKeyLog: String? = nil, subscriptions: GivenSubscriptions? = nil) {
        self.tlsKeyLog = tlsKeyLog
        self.subscriptions = subscriptions
    }
}

extension ReadingOptions {
    /// The secrets of the key log that was named; nil if none was.
    /// - Throws: `.unreadable` and `.damagedKeyLog`.
    func keyLog() throws(CaptureError) -> KeyLog? {
        guard let tlsKeyLog else { return nil }
        let keyLog = KeyLog()
        try keyLog.read(path: tlsKeyLog)
        return keyLog
    }
}
