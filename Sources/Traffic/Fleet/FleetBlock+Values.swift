internal import HOCON

/// Keys that have one value.
extension FleetBlock {
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
        let most = min(Int64(atMost) * FleetTime.second, FleetTime.longest)
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
