internal import Glibc

/// A thread that can be waited for to its very end: when `join` returns, it has let go of everything its
/// body held, so that a database it used may be closed and opened again at once.
package struct JoinedThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: pthread_t

    /// - Throws: when the system has no room for another thread.
    package init(_ run: @escaping @Sendable () -> Void) throws(ThreadError) {
        let body = Unmanaged.passRetained(Body(run))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context {
                    Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            body.release()
            throw ThreadError(code: code)
        }
        self.thread = thread
    }

    /// Waits for the end. To be called once.
    package func join() { pthread_join(thread, nil) }
}

/// The system refused a thread.
package struct ThreadError: Error, CustomStringConvertible {
    let code: Int32

    package var description: String {
        "no thread could be started: \(String(cString: strerror(code)))"
    }
}
