/// How uneven arrivals are: the most that came within one window of 10 ms, 1 s and 1 min. Windows are laid
/// end to end from the epoch.
package struct BurstWindows {
    /// One width of window.
    package struct Window {
        /// Nanoseconds.
        package let width: Int64
        private var number = Int64.min
        private var count = 0
        /// The most arrivals that a window had.
        package private(set) var peak = 0

        init(width: Int64) { self.width = width }

        mutating func add(at time: Int64) {
            let window = time / width
            // Connections are told of a little out of order; what is late counts where we are.
            if window > number {
                number = window
                count = 0
            }
            count += 1
            peak = max(peak, count)
        }

        /// How many times the mean the peak is.
        ///
        /// - Parameter span: nanoseconds of the whole; nil comes back if it is no longer than the window.
        func peakToMean(of arrivals: Int, in span: Int64) -> Double? {
            guard span > width, arrivals > 0 else { return nil }
            return Double(peak) / (Double(arrivals) * Double(width) / Double(span))
        }
    }

    package private(set) var tenMilliseconds = Window(width: 10_000_000)
    package private(set) var second = Window(width: 1_000_000_000)
    package private(set) var minute = Window(width: 60_000_000_000)
    package private(set) var arrivals = 0

    package init() {}

    package mutating func add(at time: Int64) {
        arrivals += 1
        tenMilliseconds.add(at: time)
        second.add(at: time)
        minute.add(at: time)
    }
}
