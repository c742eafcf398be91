internal import HOCON
internal import Knobs

/// A block of a fleet file, read key by key with what each may be.
///
/// Every error names the file, the line, the whole key and what would be right; for a key that is not known, the
/// nearest that is.
struct FleetBlock {
    let object: HOCONObject
    /// Of the block, dotted; empty for the file.
    let path: String
    let position: HOCONPosition

    init(file: HOCONValue, name: String) throws(HOCONError) {
        position = HOCONPosition(file: name, line: 1, column: 1)
        path = ""
        guard case .object(let object) = file else {
            throw HOCONError(position, "a fleet is a file of keys, not \(file.kind)")
        }
        self.object = object
    }

    init(_ value: HOCONValue, path: String, at position: HOCONPosition) throws(HOCONError) {
        guard case .object(let object) = value else {
            throw HOCONError(
                position, "`\(path)` has to be a block, not \(value.inline); write `{ … }`")
        }
        (self.object, self.path, self.position) = (object, path, position)
    }

    func full(_ key: String) -> String { path.isEmpty ? key : path + "." + HOCONValue.key(key) }

    func has(_ key: String) -> Bool { object.entry(key) != nil }

    /// - Parameter what: whose keys they are, for the error: "a group".
    func refuseUnknown(_ known: [String], of what: String) throws(HOCONError) {
        for entry in object.entries where !known.contains(entry.key) {
            let hint = nearest(to: entry.key, among: known)
            throw error(
                entry.key,
                "is not a key of \(what)"
                    + (hint.map { "; did you mean `\($0)`?" }
                        ?? "; it has \(known.joined(separator: ", "))"))
        }
    }

    /// An error about a key of this block: "`groups.x.count` has to be …".
    func error(_ key: String, _ sentence: String) -> HOCONError {
        HOCONError(object.entry(key)?.position ?? position, "`\(full(key))` \(sentence)")
    }

    func missing(_ key: String, _ wanted: String) -> HOCONError {
        HOCONError(position, "`\(full(key))` is missing; write \(wanted)")
    }

    // MARK: Values

    func text(_ key: String) throws(HOCONError) -> String? {
        guard let value = object[key] else { return nil }
        switch value {
        case .string(let text), .number(let text): return text
        default: throw error(key, "has to be text, not \(value.inline); write it in quotes")
        }
    }

    func flag(_ key: String) throws(HOCONError) -> Bool? {
        guard let value = object[key] else { return nil }
        guard case .bool(let flag) = value else {
            throw error(key, "has to be true or false, not \(value.inline)")
        }
        return flag
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(HOCONError) -> Int? {
        guard let value = object[key] else { return nil }
        guard case .number(let digits) = value, let number = Int(digits), range.contains(number)
        else {
            throw error(
                key,
                "has to be a whole number from \(range.lowerBound) to \(range.upperBound), not \(value.inline)"
            )
        }
        return number
    }

    func number(_ key: String, in range: ClosedRange<Double>) throws(HOCONError) -> Double? {
        guard let value = object[key] else { return nil }
        guard let number = value.double, range.contains(number) else {
            throw error(
                key,
                "has to be a number from \(short(range.lowerBound)) to \(short(range.upperBound)), not \(value.inline)"
            )
        }
        return number
    }

    func share(_ key: String) throws(HOCONError) -> Double? { try number(key, in: 0...1) }

    /// - Returns: nanoseconds.
    func time(
        _ key: String, from lowest: Int64 = 0, through highest: Int64 = FleetTime.longest
    ) throws(HOCONError) -> Int64? {
        guard let value = object[key] else { return nil }
        guard let time = FleetTime.read(value), lowest...highest ~= time else {
            throw error(
                key,
                "has to be a duration from \(FleetTime.text(lowest)) to \(FleetTime.text(highest)), not \(value.inline); write it like \"250ms\", \"10s\", \"5m\" or \"1h\""
            )
        }
        return time
    }

    /// Whole seconds, as MQTT counts them; "never" is `UInt32.max`.
    func seconds(
        _ key: String, atMost: UInt32 = .max, never: Bool = false
    ) throws(HOCONError) -> UInt32? {
        if never, case .string("never")? = object[key] { return .max }
        // One less than what means for ever.
        let most = Int64(atMost == .max ? .max - 1 : atMost) * FleetTime.second
        guard let time = try time(key, through: most) else { return nil }
        guard time % FleetTime.second == 0 else {
            throw error(key, "has to be whole seconds, because MQTT counts in them")
        }
        return UInt32(time / FleetTime.second)
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, of type: Choice.Type
    ) throws(HOCONError) -> Choice? where Choice.RawValue == String {
        guard let text = try text(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            throw error(key, "is `\(text)`" + remedy(text, among: Choice.allCases.map(\.rawValue)))
        }
        return choice
    }

    /// Weights by name: `{ v5 = 80, v3_1_1 = 20 }`, or one name for all.
    func weights(_ key: String, of names: [String]) throws(HOCONError) -> [(String, Double)]? {
        guard let value = object[key] else { return nil }
        if case .string(let name) = value {
            guard names.contains(name) else {
                throw error(key, "is `\(name)`" + remedy(name, among: names))
            }
            return [(name, 1)]
        }
        guard let block = try block(key) else { return nil }
        var weights: [(String, Double)] = []
        for entry in block.object.entries {
            guard names.contains(entry.key) else {
                throw block.error(entry.key, "is not known here" + remedy(entry.key, among: names))
            }
            weights.append((entry.key, try block.number(entry.key, in: 0...1e9) ?? 0))
        }
        guard weights.contains(where: { $0.1 > 0 }) else {
            throw error(key, "gives no weight to anything; give one of them more than 0")
        }
        return weights
    }

    // MARK: Blocks

    func block(_ key: String) throws(HOCONError) -> FleetBlock? {
        guard let entry = object.entry(key) else { return nil }
        return try FleetBlock(entry.value, path: full(key), at: entry.position ?? position)
    }

    /// The blocks inside a block, by the names that the file gives them.
    func blocks(_ key: String) throws(HOCONError) -> [(name: String, block: FleetBlock)] {
        guard let outer = try block(key) else { return [] }
        var blocks: [(name: String, block: FleetBlock)] = []
        for entry in outer.object.entries {
            if let inner = try outer.block(entry.key) { blocks.append((entry.key, inner)) }
        }
        return blocks
    }

    /// The blocks of a list.
    func list(_ key: String) throws(HOCONError) -> [FleetBlock] {
        guard let value = object[key] else { return [] }
        guard case .array(let values) = value else {
            throw error(key, "has to be a list of blocks, not \(value.kind); write `[ { … } ]`")
        }
        var blocks: [FleetBlock] = []
        for (place, value) in values.enumerated() {
            // A list keeps no places; the first key inside has one.
            var at = object.entry(key)?.position ?? position
            if case .object(let inner) = value, let first = inner.entries.first?.position {
                at = first
            }
            blocks.append(try FleetBlock(value, path: "\(full(key))[\(place)]", at: at))
        }
        return blocks
    }

    func remedy(_ text: String, among known: [String]) -> String {
        nearest(to: text, among: known).map { "; did you mean `\($0)`?" }
            ?? "; write one of \(known.joined(separator: ", "))"
    }

    private func short(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }
}

extension HOCONValue {
    /// What a number or a number in quotes is worth, if it is finite.
    var double: Double? {
        guard case .number(let text) = self, let value = Double(text), value.isFinite else {
            return nil
        }
        return value
    }
}

/// Durations in fleet files: as everywhere in EMQX, and microseconds.
enum FleetTime {
    static let second: Int64 = 1_000_000_000
    /// A year: longer than any traffic that is worth making.
    static let longest: Int64 = 366 * 86_400 * second

    static func read(_ value: HOCONValue) -> Int64? {
        if case .string(let text) = value, text.hasSuffix("us") {
            guard let count = Double(text.dropLast(2)), count >= 0, count < 1e12 else { return nil }
            return Int64((count * 1_000).rounded())
        }
        let alone = HOCONValue.object(HOCONObject([("time", value)]))
        guard let milliseconds = try? alone.duration(at: "time"), milliseconds >= 0 else {
            return nil
        }
        let (time, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? nil : time
    }

    /// In the largest unit of which it is a whole number.
    static func text(_ time: Int64) -> String {
        let units: [(String, Int64)] = [
            ("d", 86_400 * second), ("h", 3_600 * second), ("m", 60 * second), ("s", second),
            ("ms", 1_000_000), ("us", 1_000),
        ]
        guard time > 0, let unit = units.first(where: { time % $0.1 == 0 }) else { return "0s" }
        return "\(time / unit.1)\(unit.0)"
    }
}
