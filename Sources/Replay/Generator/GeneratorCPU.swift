internal import Glibc
package import Measure

/// CPU time of the replay's thread. In process the thread does the broker's work too, which the transport counts.
package struct GeneratorCPU: Codable, Sendable, Equatable {
    /// All of it, while the replay ran.
    package var thread = Nanoseconds.zero
    /// Of that, spent staying awake before a due time.
    package var spun = Nanoseconds.zero
    /// Of that, the kernel's for putting it to sleep and waking it on time: some 20 µs each time on a virtual machine
    /// (`dstune bench replay`), however little there is to do then.
    package var waking = Nanoseconds.zero

    package init() {}

    /// CPU time that the calling thread has used so far.
    package static func ofThisThread() -> Nanoseconds {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
