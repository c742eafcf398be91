internal import Dispatch
internal import Foundation
internal import Glibc

/// Ends this process when the one that started it is gone, so that a killed study leaves no trial
/// writing to its disk.
package enum ParentWatch {
    /// - Parameter parent: process id of the parent at the time of starting.
    package static func start(parent: Int32) {
        let watch = Thread {
            while getppid() == parent { usleep(200_000) }
            // Nobody is left to answer to, and nothing here is worth finishing.
            _exit(3)
        }
        watch.name = "parent watch"
        watch.start()
    }
}
