/// How much there is to do in a turn of an event loop: connections that were read in it, on the average of the last
/// turns.
///
/// While there is little, each of them is stored and answered at once. Where many have something to say, one commit and
/// one wake for many, on other cores, is worth more than that the first of them hears of it early.
package struct TurnPressure {
    private var reads = 0
    private var average = 0.0
    package private(set) var isHigh = false

    package init() {}

    /// Reads a turn above which the pressure becomes high, and below which it no longer is. Measured on two cores with
    /// fifty publishers: 21 to 24 while all of them wait for each answer and are not answered at once, more if they
    /// are; 12 to 15 at 70 % of that rate, either way.
    private static let bounds = (high: 20.0, low: 17.0)
    /// Turns whose reads count: one that was held up says nothing.
    private static let turns = 64.0

    package mutating func noteRead() { reads += 1 }

    package mutating func endTurn() {
        average += (Double(reads) - average) / Self.turns
        reads = 0
        isHigh = average > (isHigh ? Self.bounds.low : Self.bounds.high)
    }
}
