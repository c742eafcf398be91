internal import HOCON

extension PayloadTemplate {
    static let keys = ["json", "text", "binary"]
    static let binaryKeys = ["size", "entropy"]
    static let walkKeys = ["start", "step", "min", "max", "decimals"]
    static let randomKeys = ["min", "max", "decimals"]
    static let listKeys = ["count", "of"]

    /// The `payload` of a message or a will; nothing at all if there is none.
    init(_ block: FleetBlock, _ names: TextTemplate.Names) throws(HOCONError) {
        guard let inner = try block.block("payload") else {
            self = .empty
            return
        }
        try inner.refuseUnknown(Self.keys, of: "a payload")
        guard inner.object.entries.count == 1 else {
            throw block.error("payload", "has to be one of `json`, `text` and `binary`")
        }
        if let template = try inner.template("text", names) {
            self.init(form: .parts(template.parts.map { .field($0) }), walks: [])
        } else if let binary = try inner.block("binary") {
            try binary.refuseUnknown(Self.binaryKeys, of: "a binary payload")
            guard let size = try binary.sizeSpread("size", atMost: Self.largest) else {
                throw binary.missing("size", "how many bytes it has")
            }
            let entropy = try binary.number("entropy", in: 0...8) ?? 8
            self.init(form: .binary(size: size, noise: Self.noise(entropy: entropy)), walks: [])
        } else {
            var json = JSONPayload(names: names)
            if let object = try inner.block("json") { try json.add(object) }
            json.flush()
            self.init(form: .parts(json.parts), walks: json.walks)
        }
    }
}

/// Turns a block of HOCON into the JSON that it looks like, with places for what changes.
private struct JSONPayload {
    let names: TextTemplate.Names
    var parts: [PayloadTemplate.Part] = []
    var walks: [PayloadTemplate.Walk] = []
    private var literal: [UInt8] = []

    /// Parts of one payload: what a list repeats counts as often.
    private static let mostParts = 100_000

    init(names: TextTemplate.Names) { self.names = names }

    mutating func flush() {
        if !literal.isEmpty { parts.append(.text(literal)) }
        literal = []
    }

    mutating func add(_ block: FleetBlock) throws(HOCONError) {
        literal.append(UInt8(ascii: "{"))
        for (place, entry) in block.object.entries.enumerated() {
            if place > 0 { literal.append(UInt8(ascii: ",")) }
            add(string: entry.key)
            literal.append(UInt8(ascii: ":"))
            try add(entry.value, block, entry.key)
        }
        literal.append(UInt8(ascii: "}"))
    }

    private mutating func add(
        _ value: HOCONValue, _ block: FleetBlock, _ key: String
    ) throws(HOCONError) {
        guard parts.count <= Self.mostParts, literal.count <= PayloadTemplate.largest else {
            throw block.error(key, "makes the payload too large")
        }
        switch value {
        case .null: literal += Array("null".utf8)
        case .bool(let flag): literal += Array((flag ? "true" : "false").utf8)
        case .number(let digits): literal += Array(digits.utf8)
        case .string(let text): try add(text, block, key)
        case .array(let values):
            literal.append(UInt8(ascii: "["))
            for (place, value) in values.enumerated() {
                if place > 0 { literal.append(UInt8(ascii: ",")) }
                try add(value, block, key)
            }
            literal.append(UInt8(ascii: "]"))
        case .object:
            let inner = try FleetBlock(
                value, path: block.full(key),
                at: block.object.entry(key)?.position ?? block.position)
            try add(changing: inner)
        }
    }

    /// A block of one key that says how a value changes, or else a block of JSON.
    private mutating func add(changing block: FleetBlock) throws(HOCONError) {
        guard block.object.entries.count == 1, let entry = block.object.entries.first else {
            return try add(block)
        }
        switch entry.key {
        case "walk":
            guard let walk = try block.block("walk") else { return }
            flush()
            parts.append(.walk(walks.count))
            walks.append(try PayloadTemplate.Walk(walk))
        case "random":
            guard let random = try block.block("random") else { return }
            try random.refuseUnknown(PayloadTemplate.randomKeys, of: "a random value")
            let (low, high) = try random.limits()
            flush()
            parts.append(.drawn(.uniform(low, high), decimals: try random.decimals()))
        case "letters":
            guard let count = try block.integer("letters", in: 0...PayloadTemplate.largest) else {
                return
            }
            literal.append(UInt8(ascii: "\""))
            flush()
            parts.append(.letters(count))
            literal.append(UInt8(ascii: "\""))
        case "list":
            guard let list = try block.block("list") else { return }
            try list.refuseUnknown(PayloadTemplate.listKeys, of: "a list of values")
            guard let count = try list.integer("count", in: 1...10_000),
                let element = list.object["of"]
            else { throw list.missing("count", "`count` and `of`, the value that is repeated") }
            literal.append(UInt8(ascii: "["))
            // One walk goes on through all elements.
            let first = walks.count
            for place in 0..<count {
                if place > 0 { literal.append(UInt8(ascii: ",")) }
                let before = parts.count
                try add(element, list, "of")
                guard place > 0 else { continue }
                let added = walks.count - first
                reuse(walksFrom: first, count: added / 2, inPartsFrom: before)
            }
            literal.append(UInt8(ascii: "]"))
        default: try add(block)
        }
    }

    /// The second of two equal runs of walks goes; its parts step the first.
    private mutating func reuse(walksFrom first: Int, count: Int, inPartsFrom start: Int) {
        for place in start..<parts.count {
            if case .walk(let walk) = parts[place], walk >= first + count {
                parts[place] = .walk(walk - count)
            }
        }
        walks.removeLast(count)
    }

    private mutating func add(
        _ text: String, _ block: FleetBlock, _ key: String
    ) throws(HOCONError) {
        let template = try block.template(text, key, names)
        if template.parts.count == 1,
            case .field(let field, _, let isHexadecimal)? = template.parts.first,
            field.isNumber, !isHexadecimal
        {
            flush()
            // Zeros before a number are no JSON.
            parts.append(.field(.field(field, width: 1, isHexadecimal: false)))
            return
        }
        literal.append(UInt8(ascii: "\""))
        for part in template.parts {
            switch part {
            case .text(let bytes): literal += Self.escaped(String(decoding: bytes, as: UTF8.self))
            case .field:
                flush()
                parts.append(.field(part))
            }
        }
        literal.append(UInt8(ascii: "\""))
    }

    private mutating func add(string: String) {
        literal.append(UInt8(ascii: "\""))
        literal += Self.escaped(string)
        literal.append(UInt8(ascii: "\""))
    }

    private static func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                bytes += Array("\\u".utf8)
                bytes.append(hexadecimal: UInt64(byte), width: 4)
            default: bytes.append(byte)
            }
        }
        return bytes
    }
}

extension PayloadTemplate.Walk {
    fileprivate init(_ block: FleetBlock) throws(HOCONError) {
        try block.refuseUnknown(PayloadTemplate.walkKeys, of: "a walk")
        let (low, high) = try block.limits()
        guard let start = try block.numberSpread("start", in: low...high) else {
            throw block.missing("start", "a number, or `{ min = …, max = … }`")
        }
        self.start = start
        step = try block.number("step", in: 0...1e12) ?? 0
        limits = low...high
        decimals = try block.decimals()
    }
}

extension FleetBlock {
    fileprivate func limits() throws(HOCONError) -> (Double, Double) {
        let low = try number("min", in: -1e12...1e12) ?? 0
        let high = try number("max", in: -1e12...1e12) ?? max(low, 100)
        guard low <= high else { throw error("max", "is less than `min`") }
        return (low, high)
    }

    fileprivate func decimals() throws(HOCONError) -> Int {
        try integer("decimals", in: 0...PayloadTemplate.mostDecimals) ?? 1
    }
}
