/// Where the time of messages went, part by part, and which part had most of each: a late message has a culprit.
///
/// Kept by total latency, in steps of an eighth of a power of two, so that what the slowest ones waited for can be
/// asked afterwards, when it is known how slow they were.
package struct LatencySplit: Sendable {
    /// What a message waits for on its way from the time it was to be sent at to its commit.
    package enum Part: Int, Sendable, CaseIterable {
        /// The generator was late.
        case generator
        /// Between the generator and the broker's session layer.
        case socket
        /// In the session layer, until it was handed to storage.
        case session
        /// Until the batch that it was put into was full or due, and had its turn at the disk.
        case batchWait
        /// The write of that batch: log, sync and memtable.
        case storageWrite
        /// The time of that write for which RocksDB held it back, because flushes or compactions were behind.
        case stall
        /// A broker in another process, and the way there and back: nobody can look into it.
        case target

        /// Snake case, for JSON.
        package var id: String {
            switch self {
            case .generator, .socket, .session, .stall, .target: "\(self)"
            case .batchWait: "batch_wait"
            case .storageWrite: "storage_write"
            }
        }
    }

    /// One for each part.
    private typealias PerPart<Value> = InlineArray<7, Value>

    /// The time that one message spent in each part.
    package struct Spent: Sendable, Equatable {
        private var times = PerPart<Int64>(repeating: 0)

        package init() {}

        /// What is negative, because two clocks were read in another order, is nothing.
        package subscript(part: Part) -> Nanoseconds {
            get { Nanoseconds(times[part.rawValue]) }
            set { times[part.rawValue] = max(0, newValue.count) }
        }

        package var total: Nanoseconds {
            var sum: Int64 = 0
            for place in times.indices { sum += times[place] }
            return Nanoseconds(sum)
        }

        /// The part that has most; of equals the first.
        package var culprit: Part {
            var most = Part.generator
            for part in Part.allCases where self[part] > self[most] { most = part }
            return most
        }

        package static func == (a: Spent, b: Spent) -> Bool {
            Part.allCases.allSatisfy { a[$0] == b[$0] }
        }
    }

    /// What some messages waited for.
    package struct Share: Sendable, Equatable {
        package let part: Part
        /// Of their time, 0 to 1.
        package let time: Double
        /// Messages of which this part had most.
        package let culpritOf: Int
    }

    private struct Bucket: Sendable {
        var count = 0
        var spent = PerPart<Int64>(repeating: 0)
        var culprits = PerPart<Int>(repeating: 0)

        mutating func add(_ other: Bucket) {
            count += other.count
            for place in spent.indices {
                spent[place] += other.spent[place]
                culprits[place] += other.culprits[place]
            }
        }
    }

    private var buckets: [Bucket] = []

    package init() {}

    package var count: Int { buckets.reduce(0) { $0 + $1.count } }

    package mutating func record(_ spent: Spent) {
        let place = Self.place(of: spent.total)
        if place >= buckets.count {
            buckets += Array(repeating: Bucket(), count: place + 1 - buckets.count)
        }
        buckets[place].count += 1
        buckets[place].culprits[spent.culprit.rawValue] += 1
        for part in Part.allCases {
            buckets[place].spent[part.rawValue] += spent[part].count
        }
    }

    package mutating func add(_ other: LatencySplit) {
        if other.buckets.count > buckets.count {
            buckets += Array(repeating: Bucket(), count: other.buckets.count - buckets.count)
        }
        for place in other.buckets.indices { buckets[place].add(other.buckets[place]) }
    }

    /// What all messages waited for together.
    package var all: [Share] { shares(of: buckets[...]) }

    /// What the slowest `share` of them waited for; a few more than that, where a step of latencies has more.
    /// - Returns: how many they are, and the latency that all of them had at least.
    package func slowest(_ share: Double) -> (count: Int, from: Nanoseconds, shares: [Share]) {
        let wanted = max(1, Int((Double(count) * share).rounded(.up)))
        var first = buckets.count
        var found = 0
        while first > 0, found < wanted {
            first -= 1
            found += buckets[first].count
        }
        return (found, Self.least(first), shares(of: buckets[first...]))
    }

    private func shares(of some: ArraySlice<Bucket>) -> [Share] {
        var sum = Bucket()
        for bucket in some { sum.add(bucket) }
        var total: Int64 = 0
        for part in Part.allCases { total += sum.spent[part.rawValue] }
        return Part.allCases.map { part in
            Share(
                part: part, time: Double(sum.spent[part.rawValue]) / Double(max(1, total)),
                culpritOf: sum.culprits[part.rawValue])
        }
    }

    /// Nanoseconds below this are told apart to one: there are no eighths of them.
    private static let fine: Int64 = 16

    /// The step of a latency: its power of two, and the eighth of that.
    private static func place(of latency: Nanoseconds) -> Int {
        let value = latency.count
        guard value >= fine else { return Int(value) }
        let power = 63 - value.leadingZeroBitCount
        return Int(fine) + (power - 4) << 3 + Int(value >> (power - 3) & 7)
    }

    /// The smallest latency of a step.
    private static func least(_ place: Int) -> Nanoseconds {
        guard place >= Int(fine) else { return Nanoseconds(Int64(place)) }
        let (power, eighth) = ((place - Int(fine)) >> 3 + 4, Int64((place - Int(fine)) & 7))
        return Nanoseconds((8 + eighth) << Int64(power - 3))
    }
}
