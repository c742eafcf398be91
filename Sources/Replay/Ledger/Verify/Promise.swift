package import Measure

/// What a broker can be held to: each is judged by its own.
package struct Promise: Codable, Equatable, Sendable {
    /// As reports name it: "on_commit, sync none".
    package var name: String
    /// Whether a message that was acknowledged is there after the broker's process was killed.
    package var survivesKill = true
    /// How much of what sessions did last it may have forgotten then: what was delivered and acknowledged in that time
    /// may come again, also at QoS 2. Zero if it is kept before the packet that promises it.
    package var sessionLoss = Nanoseconds.zero
    /// Messages at QoS 1 and 2 that it keeps for one session that outlives its connection; nil without a bound.
    package var queueOfDurable: Int?
    /// The same of a session that ends with its connection.
    package var queueOfOthers: Int?
    /// Seconds that it keeps a session of a client before version 5 that did not ask for a clean one.
    package var expiryBeforeVersion5 = UInt32.max
    /// Nobody but the replay publishes to it: what was never sent must not be delivered.
    package var isOurs = false

    package init(name: String) { self.name = name }

    /// mosquitto 2.0 as Debian configures it: no persistence, `max_queued_messages` 1000, for each client.
    package static var mosquitto: Promise {
        var promise = Promise(name: "mosquitto 2.0, standard configuration")
        promise.survivesKill = false
        (promise.queueOfDurable, promise.queueOfOthers) = (1_000, 1_000)
        return promise
    }

    /// What MQTT itself promises, of a broker of which nothing is known.
    package static var mqtt: Promise { Promise(name: "MQTT, without a bound on queues") }
}
