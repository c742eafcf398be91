package import HOCON
import Measure

/// A value as people, configuration files and RocksDB write it.
extension Knob {
    /// The value for people: `128 MiB`, `50 ms`, `4`, `on`, `none`.
    package func text(_ value: Int64) -> String {
        if let words = words[value] { return words }
        return switch unit {
        case .bytes: "\(Bytes(UInt64(max(0, value))))"
        case .bytesPerSecond: "\(Bytes(UInt64(max(0, value))))/s"
        case .milliseconds: "\(value) ms"
        case .count: "\(value)"
        case .flag: value == 0 ? "off" : "on"
        case .bitsPerKey: "\(value) bits per key"
        case .choice(let names): names.first { $0.value == value }?.text ?? "\(value)"
        }
    }

    /// The value as a configuration file spells it: `"128MB"`, `"50ms"`, `4`, `true`.
    package func spelled(_ value: Int64) -> HOCONValue {
        if value == infinity { return .string("infinity") }
        if let switchedOn, value == 0 || value == switchedOn { return .bool(value != 0) }
        switch unit {
        case .count, .bitsPerKey: return .integer(value)
        case .milliseconds: return .string("\(value)ms")
        case .flag: return .bool(value != 0)
        case .choice(let names):
            return names.first { $0.value == value }.map { .string($0.text) } ?? .integer(value)
        case .bytes, .bytesPerSecond:
            guard !isPlain else { return .integer(value) }
            // EMQX's bytesize counts in steps of 1024.
            for (name, size) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)]
                as [(String, Int64)]
            where value >= size && value % size == 0 {
                return .string("\(value / size)\(name)")
            }
            return .integer(value)
        }
    }

    /// The value in RocksDB's option strings: `134217728`, `true`, `kLZ4Compression`.
    package func rocksdb(_ value: Int64) -> String {
        switch unit {
        case .bytes, .bytesPerSecond, .milliseconds, .count: "\(value)"
        case .flag: value == 0 ? "false" : "true"
        // A full filter for each file, not one for each block (FilterPolicy::CreateFromString).
        case .bitsPerKey: value == 0 ? "nullptr" : "bloomfilter:\(value):false"
        case .choice(let names): names.first { $0.value == value }?.text ?? "\(value)"
        }
    }

    /// Reads what `spelled` writes, and other ways to write the same.
    ///
    /// - Throws: an error with the place, for another kind of value or one outside the domain.
    package func read(
        _ entry: HOCONObject.Entry, at path: String, _ syntax: ConfigKey.SizeSyntax = .bytesize
    ) throws(HOCONError) -> Int64 {
        if let infinity, entry.value == .string("infinity") { return infinity }
        if let switchedOn, case .bool(let on) = entry.value { return on ? switchedOn : 0 }
        let value: Int64
        switch unit {
        case .bytes, .bytesPerSecond:
            switch syntax {
            case .bytesize: value = try entry.bytes(path)
            case .binaryUnits: value = try entry.groupBytes(path)
            }
        case .milliseconds: value = try entry.duration(path)
        case .count, .bitsPerKey: value = try entry.integer(path)
        case .flag:
            guard case .bool(let on) = entry.value else {
                throw entry.error(
                    "`\(path)` has to be a boolean, not \(shown(entry.value)); write true or false")
            }
            return on ? 1 : 0
        case .choice(let names):
            guard case .string(let text) = entry.value,
                let name = names.first(where: { $0.text == text })
            else {
                throw entry.error(
                    "`\(path)` has to be one of \(names.map(\.text).joined(separator: ", ")), "
                        + "not \(shown(entry.value))")
            }
            return name.value
        }
        guard contains(value) else {
            let lowest = spelled(domain.lowerBound).inline
            let highest = spelled(domain.upperBound).inline
            throw entry.error(
                "`\(path)` is \(entry.value.inline); write a value from \(lowest) to \(highest)")
        }
        return value
    }

    /// Whether a configuration may hold the value.
    package func contains(_ value: Int64) -> Bool {
        if case .choice(let names) = unit { return names.contains { $0.value == value } }
        return domain.contains(value)
    }

    private func shown(_ value: HOCONValue) -> String {
        switch value {
        case .object, .array: value.kind
        case .string, .number, .bool, .null: value.inline
        }
    }
}

extension HOCONObject.Entry {
    /// Bytes as EMQX reads the sizes of database groups: `MiB` counts in steps of 1024, `MB` in steps of
    /// 1000 (reference 1.3).
    fileprivate func groupBytes(_ path: String) throws(HOCONError) -> Int64 {
        let units: [String: Int64] = [
            "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KIB": 1 << 10, "MIB": 1 << 20,
            "GIB": 1 << 30,
        ]
        if case .number(let text) = value, let number = Int64(text) { return number }
        if case .string(let text) = value {
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let unit = String(text.dropFirst(digits.count)).trimmingSpaces.uppercased()
            if let count = Int64(digits), let factor = units[unit] {
                let (size, overflow) = count.multipliedReportingOverflow(by: factor)
                if !overflow { return size }
            }
        }
        throw error("`\(path)` has to be a size; write it like \"512 MiB\"")
    }
}
