internal import HOCON

/// Figures that vary: one value, `{ min = …, max = … }` (uniform), or `{ p50 = …, p99 = … }` (log-normal).
extension FleetBlock {
    /// A time, in nanoseconds.
    func timeSpread(_ key: String, from lowest: Int64 = 0) throws(HOCONError) -> Spread? {
        try spread(key) { block, key throws(HOCONError) in
            try block.time(key, from: lowest).map(Double.init)
        }
    }

    /// A size such as 512 or "1KB", in bytes.
    func sizeSpread(_ key: String, atMost: Int) throws(HOCONError) -> Spread? {
        try spread(key) { block, key throws(HOCONError) in
            guard let entry = block.object.entry(key) else { return nil }
            let size = try entry.bytes(block.full(key))
            guard 0...Int64(atMost) ~= size else {
                throw block.error(
                    key, "has to be a size of at most \(atMost) bytes, not \(entry.value.inline)")
            }
            return Double(size)
        }
    }

    func numberSpread(
        _ key: String, in range: ClosedRange<Double>
    ) throws(HOCONError) -> Spread? {
        try spread(key) { block, key throws(HOCONError) in try block.number(key, in: range) }
    }

    private func spread(
        _ key: String, _ read: (FleetBlock, String) throws(HOCONError) -> Double?
    ) throws(HOCONError) -> Spread? {
        guard let value = object[key] else { return nil }
        guard case .object = value, let inner = try block(key) else {
            return try read(self, key).map { .constant($0) }
        }
        try inner.refuseUnknown(["min", "max", "p50", "p99"], of: "a figure that varies")
        if let low = try read(inner, "min"), let high = try read(inner, "max") {
            guard low <= high else { throw inner.error("max", "is less than `min`") }
            guard inner.object.entries.count == 2 else { throw Self.mixed(self, key) }
            return .uniform(low, high)
        }
        if let p50 = try read(inner, "p50"), let p99 = try read(inner, "p99") {
            guard p50 > 0 else { throw inner.error("p50", "has to be more than 0") }
            guard p50 <= p99 else { throw inner.error("p99", "is less than `p50`") }
            guard inner.object.entries.count == 2 else { throw Self.mixed(self, key) }
            return .logNormal(p50: p50, p99: p99)
        }
        throw Self.mixed(self, key)
    }

    private static func mixed(_ block: FleetBlock, _ key: String) -> HOCONError {
        block.error(
            key,
            "has to be one value, `{ min = …, max = … }` for anything between, or `{ p50 = …, p99 = … }` for a log-normal distribution"
        )
    }
}
