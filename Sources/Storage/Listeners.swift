internal import Synchronization

/// Whom to tell of news. Every commit of every shard tells, so telling takes no lock, which sixteen writers
/// would wait for one after the other.
final class Listeners: Sendable {
    private final class Roll: Sendable {
        let all: [@Sendable () -> Void]
        init(_ all: [@Sendable () -> Void]) { self.all = all }
    }

    /// The roll that holds now. It is the last of `kept`, so it is there for as long as this is.
    private let current: Atomic<Unmanaged<Roll>>
    /// All rolls that ever held: a thread may still read one that has been replaced.
    private let kept: Mutex<[Roll]>

    init() {
        let roll = Roll([])
        current = Atomic(Unmanaged.passUnretained(roll))
        kept = Mutex([roll])
    }

    func add(_ notify: @escaping @Sendable () -> Void) {
        kept.withLock { kept in
            let roll = Roll((kept.last?.all ?? []) + [notify])
            kept.append(roll)
            current.store(Unmanaged.passUnretained(roll), ordering: .releasing)
        }
    }

    /// Lets go of all of them, and of what they hold.
    /// - Precondition: nobody tells them any more.
    func removeAll() {
        kept.withLock { kept in
            let roll = Roll([])
            current.store(Unmanaged.passUnretained(roll), ordering: .releasing)
            kept = [roll]
        }
    }

    func notify() {
        current.load(ordering: .acquiring)._withUnsafeGuaranteedRef {
            for notify in $0.all { notify() }
        }
    }
}
