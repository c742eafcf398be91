/// What opens the records of one direction, over all keys that it uses one after the other.
struct TLSReader {
    /// Of TLS 1.3: secrets whose turn it is or comes, in order. Empty in TLS 1.2.
    private var secrets: ArraySlice<[UInt8]> = []
    private let suite: TLSSuite
    private let isTLS1_3: Bool
    private var opener: TLSOpener
    private(set) var hasOpened = false
    /// Records one after the other that were not opened.
    private(set) var failures = 0
    /// Records that may be missing before the next.
    private var lost: UInt64 = 0

    /// More missing records are not looked for: each costs an attempt.
    private static let searched: UInt64 = 1_024
    /// The smallest record that is sealed, header included, bytes.
    private static let smallest = 22

    /// For TLS 1.2, from the ChangeCipherSpec on.
    init(_ suite: TLSSuite, _ keys: TLSKeys) {
        (self.suite, isTLS1_3) = (suite, false)
        opener = TLSOpener(suite, keys, isTLS1_3: false)
    }

    /// For TLS 1.3, from the hello on; nil without any secret.
    init?(_ suite: TLSSuite, secrets: [[UInt8]]) {
        guard let first = secrets.first else { return nil }
        (self.suite, isTLS1_3, self.secrets) = (suite, true, secrets[...])
        opener = TLSOpener(suite, suite.keys(secret: first), isTLS1_3: true)
    }

    /// Opens a record with the key that is due or, since it may not be known that a key has changed, with one
    /// that comes later.
    /// - Parameter record: with its header.
    mutating func open(_ record: RawSpan, type: UInt8) -> (content: UInt8, plain: [UInt8])? {
        if let opened = opener.open(record, type: type, lost: lost) {
            succeed()
            return opened
        }
        for index in secrets.indices.dropFirst() {
            var later = TLSOpener(suite, suite.keys(secret: secrets[index]), isTLS1_3: true)
            guard let opened = later.open(record, type: type, lost: lost) else { continue }
            opener = later
            secrets = secrets[index...]
            succeed()
            return opened
        }
        failures += 1
        return nil
    }

    /// Goes on to the next secret: after a Finished or EndOfEarlyData.
    mutating func advance() {
        guard secrets.count > 1 else { return }
        secrets = secrets.dropFirst()
        renew()
    }

    /// After a KeyUpdate.
    mutating func update() {
        guard let secret = secrets.first else { return }
        secrets[secrets.startIndex] = suite.next(secret: secret)
        renew()
    }

    /// One record is missing.
    mutating func skip() { opener.skip(1) }

    /// `bytes` are missing, which may have been several records.
    mutating func lose(_ bytes: Int) {
        lost = min(Self.searched, lost + UInt64(bytes / Self.smallest) + 1)
    }

    private mutating func renew() {
        guard let secret = secrets.first else { return }
        opener = TLSOpener(suite, suite.keys(secret: secret), isTLS1_3: true)
    }

    private mutating func succeed() { (hasOpened, failures, lost) = (true, 0, 0) }
}
