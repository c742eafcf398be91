internal import Glibc
internal import Measure

/// What messages carry, and how it changes from one to the next.
struct PayloadTemplate: Hashable, Sendable {
    /// A value that moves by random steps and is reflected at its limits.
    struct Walk: Hashable, Sendable {
        let start: Spread
        /// Standard deviation of a step.
        let step: Double
        let limits: ClosedRange<Double>
        let decimals: Int
    }

    enum Part: Hashable, Sendable {
        case text([UInt8])
        case field(TextTemplate.Part)
        /// The next value of a walk, by its place in `walks`.
        case walk(Int)
        case drawn(Spread, decimals: Int)
        /// So many random letters and digits.
        case letters(Int)
    }

    enum Form: Hashable, Sendable {
        case parts([Part])
        /// Bytes that are random with this chance and zero else.
        case binary(size: Spread, noise: Double)
    }

    let form: Form
    let walks: [Walk]

    static let empty = PayloadTemplate(form: .parts([]), walks: [])

    /// Largest binary payload, in bytes: what EMQX takes by default (`mqtt.max_packet_size`).
    static let largest = 1 << 20
    static let mostDecimals = 9

    /// Bytes at most.
    var longest: Int {
        switch form {
        case .binary(let size, _): min(Int(size.most), Self.largest)
        case .parts(let parts):
            parts.reduce(0) { sum, part in
                switch part {
                case .text(let text), .field(.text(let text)): sum + text.count
                case .field(.field(let field, _, _)): sum + field.longest
                case .walk, .drawn: sum + 32
                case .letters(let count): sum + count
                }
            }
        }
    }

    /// Whether a receiver can tell a repetition by it.
    var hasIdentity: Bool {
        guard case .parts(let parts) = form else { return false }
        return parts.contains {
            if case .field(.field(let field, _, _)) = $0 {
                field == .eventID || field == .sequence
            } else {
                false
            }
        }
    }

    /// Where the walks of one stream begin.
    func start(_ seed: inout Seed) -> [Double] {
        walks.map { walk in
            min(max(walk.start.draw(&seed), walk.limits.lowerBound), walk.limits.upperBound)
        }
    }

    /// - Parameter values: of the walks, which go on.
    func write(
        _ subject: Subject, _ moment: Moment, values: inout [Double], _ seed: inout Seed,
        to bytes: inout [UInt8]
    ) {
        switch form {
        case .binary(let size, let noise):
            let count = min(max(Int(size.draw(&seed)), 0), Self.largest)
            for _ in 0..<count { bytes.append(Self.byte(noise, &seed)) }
        case .parts(let parts):
            for part in parts {
                switch part {
                case .text(let text): bytes += text
                case .field(.text(let text)): bytes += text
                case .field(.field(let field, let width, let isHexadecimal)):
                    field.write(subject, moment, width, isHexadecimal, to: &bytes)
                case .walk(let place):
                    let walk = walks[place]
                    values[place] = walk.next(values[place], &seed)
                    bytes.append(values[place], decimals: walk.decimals)
                case .drawn(let spread, let decimals):
                    bytes.append(spread.draw(&seed), decimals: decimals)
                case .letters(let count):
                    for _ in 0..<count { bytes.append(Self.alphabet[seed.below(62)]) }
                }
            }
        }
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    private static func byte(_ noise: Double, _ seed: inout Seed) -> UInt8 {
        let draw = seed.next()
        // The upper 53 bits decide, the lower 8 are the byte.
        return Double(draw >> 11) * 0x1p-53 < noise ? UInt8(truncatingIfNeeded: draw) : 0
    }

    /// How often a byte has to be random so that a byte has `entropy` bits (0 to 8) by Shannon's formula, when it
    /// is zero else.
    static func noise(entropy: Double) -> Double {
        func bits(_ noise: Double) -> Double {
            let zero = 1 - noise + noise / 256, other = noise / 256
            return -(zero > 0 ? zero * log2(zero) : 0) - (other > 0 ? 255 * other * log2(other) : 0)
        }
        var (low, high) = (0.0, 1.0)
        // Halved as often as a fraction of a double has bits; it grows with the noise all the way.
        for _ in 0..<53 {
            let middle = (low + high) / 2
            if bits(middle) < entropy { low = middle } else { high = middle }
        }
        return high
    }
}

extension PayloadTemplate.Walk {
    func next(_ value: Double, _ seed: inout Seed) -> Double {
        var moved = value + step * seed.normal()
        if moved < limits.lowerBound { moved = 2 * limits.lowerBound - moved }
        if moved > limits.upperBound { moved = 2 * limits.upperBound - moved }
        return min(max(moved, limits.lowerBound), limits.upperBound)
    }
}

extension [UInt8] {
    /// With exactly `decimals` digits behind the point.
    mutating func append(_ value: Double, decimals: Int) {
        var scale: Int64 = 1
        for _ in 0..<decimals { scale *= 10 }
        // Beyond, the digits behind the point are none of a double's anyway.
        let most = Double(Int64.max / 2)
        let whole = Int64(Swift.min(Swift.max((value * Double(scale)).rounded(), -most), most))
        if whole < 0 { append(UInt8(ascii: "-")) }
        append(decimal: Int64(whole.magnitude) / scale)
        guard decimals > 0 else { return }
        append(UInt8(ascii: "."))
        append(decimal: Int64(whole.magnitude) % scale, width: decimals)
    }
}
