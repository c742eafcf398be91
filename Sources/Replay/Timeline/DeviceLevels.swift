internal import MQTT

/// Where topics name the device that they are of, which names there are, and which clients are devices.
///
/// A level names the device if what stands there belongs to one client each, of three at least. Topics on
/// which others publish for devices, such as commands, name it where most of what stands there are these names.
package struct DeviceLevels: Sendable {
    /// Counted from 0, by shape.
    private(set) var levels: [DeviceCensus.Shape: Int] = [:]
    package private(set) var names: Set<String> = []
    /// Identifiers of clients that publish as devices.
    package private(set) var clients: Set<String> = []

    /// Fewer clients than this prove nothing.
    private static let enough = 3
    /// Values that several clients share may be one in twenty: a device that was replaced.
    private static let tolerated = 0.05

    /// Found in the topic tree.
    init(_ census: DeviceCensus) {
        for (shape, values) in census.shapes {
            guard let level = Self.best(values, census.names) else { continue }
            levels[shape] = level
            names.formUnion(values[level].keys)
        }
        addLevelsOfNames(census)
        findClients(census)
    }

    /// - Parameter level: counted from 0, where every topic that has so many names its device.
    init(_ census: DeviceCensus, given level: Int) {
        for (shape, values) in census.shapes where level < shape.levels {
            levels[shape] = level
            names.formUnion(values[level].keys)
        }
        findClients(census)
    }

    package var isEmpty: Bool { names.isEmpty }

    /// The level at which such topics name their device; nil if they do not.
    func level(of topic: [Substring]) -> Int? {
        levels[DeviceCensus.Shape(levels: topic.count, first: String(topic[0]))]
    }

    /// For people: how many topics' shapes name the device where.
    package var sentence: String {
        guard !isEmpty else { return "no level of the topics names a device" }
        let places = Set(levels.values).sorted().map { "\($0 + 1)" }.joined(separator: ", ")
        return "topics name \(names.count) devices at level \(places)"
    }

    /// Of all who publish under a name, the device is the one that has the fewest: who commands devices
    /// publishes under many.
    private mutating func findClients(_ census: DeviceCensus) {
        var publishers: [String: Set<Int>] = [:]
        var count: [Int: Int] = [:]
        for (shape, level) in levels {
            for case (let name, let publisher?) in census.shapes[shape]?[level] ?? [:]
            where names.contains(name) {
                if publishers[name, default: []].insert(publisher).inserted {
                    count[publisher, default: 0] += 1
                }
            }
        }
        for publishers in publishers.values {
            let device = publishers.min { (count[$0] ?? 0, $0) < (count[$1] ?? 0, $1) }
            if let device, !census.names[device].isEmpty { clients.insert(census.names[device]) }
        }
    }

    /// Levels of shapes that only name devices of others.
    private mutating func addLevelsOfNames(_ census: DeviceCensus) {
        for (shape, values) in census.shapes where levels[shape] == nil {
            levels[shape] = values.indices.last { level in
                let known = values[level].keys.count { names.contains($0) }
                return known > 0 && known * 2 >= values[level].count
            }
        }
    }

    /// The level whose values belong to one client each, of as many clients as there are values; where several
    /// do, the one where clients have their identifiers, else the last.
    private static func best(_ values: [[String: Int?]], _ names: [String]) -> Int? {
        let candidates = values.indices.compactMap { level -> (level: Int, score: Score)? in
            let owned = values[level].compactMapValues { $0 }
            let owners = Set(owned.values)
            let shared = values[level].count - owned.count
            guard owners.count >= enough,
                Double(shared) <= tolerated * Double(values[level].count)
            else { return nil }
            let isOwnName = owned.contains { names[$0.value] == $0.key }
            let score = Score(
                likeness: Double(owners.count) / Double(owned.count), isOwnName: isOwnName,
                level: level)
            return (level, score)
        }
        return candidates.max { $0.score < $1.score }?.level
    }

    private struct Score: Comparable {
        /// 1 if each client has one value.
        let likeness: Double
        let isOwnName: Bool
        let level: Int

        static func < (a: Score, b: Score) -> Bool {
            if a.isOwnName != b.isOwnName { return b.isOwnName }
            return (a.likeness, a.level) < (b.likeness, b.level)
        }
    }
}
