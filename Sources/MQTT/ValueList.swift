/// A set that keeps its order: by insertion, with the last moved into the place of one removed.
struct ValueList<Value: Hashable> {
    private var values: [Value] = []
    /// Built only when a list grows long, since nearly all hold one or two.
    private var positions: [Value: Int]?

    private static var long: Int { 16 }

    var isEmpty: Bool { values.isEmpty }

    func forEach(_ body: (Value) -> Void) {
        for value in values { body(value) }
    }

    mutating func insert(_ value: Value) -> Bool {
        guard position(of: value) == nil else { return false }
        values.append(value)
        if positions != nil {
            positions?[value] = values.count - 1
        } else if values.count > Self.long {
            positions = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
        }
        return true
    }

    mutating func remove(_ value: Value) -> Bool {
        guard let position = position(of: value) else { return false }
        values.swapAt(position, values.count - 1)
        values.removeLast()
        positions?[value] = nil
        if position < values.count { positions?[values[position]] = position }
        if values.isEmpty { self = ValueList() }
        return true
    }

    private func position(of value: Value) -> Int? {
        if let positions { positions[value] } else { values.firstIndex(of: value) }
    }
}

extension ValueList: Sendable where Value: Sendable {}
