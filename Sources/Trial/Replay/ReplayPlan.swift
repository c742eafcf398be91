package import Measure
package import Replay

/// How a replay is paced, whoever it is sent to.
package struct ReplayPlan {
    /// Recorded time runs so many times as fast; infinite: as fast as it is taken.
    package var speed = 1.0
    /// What is due in this time is not measured.
    package var warmUp = Nanoseconds.zero
    /// Wall-clock time after the warm-up at which nothing is sent any more; nil: until the timeline is over.
    package var duration: Nanoseconds?
    /// How long answers, deliveries and writes that are under way may take after the last packet was sent.
    package var settling = Nanoseconds.seconds(30)
    package var clients = ReplayOptions()

    package init() {}
}
