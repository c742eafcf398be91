import Foundation

/// What a fuzzer makes of its bytes: each step is a byte of orders, one of a size, and so many bytes.
struct Script {
    private var rest: ArraySlice<UInt8>
    private var steps = 0

    /// More would take longer than a fuzzer waits.
    private static let limit = 64

    struct Step {
        let orders: UInt8
        let content: [UInt8]
    }

    init(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
        rest = Array(UnsafeBufferPointer(start: bytes, count: count))[...]
    }

    /// How the whole is done; 0 if nothing is there.
    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func step() -> Step? {
        guard rest.count >= 2, steps < Self.limit else { return nil }
        steps += 1
        let (orders, size) = (byte(), Int(byte()))
        defer { rest = rest.dropFirst(size) }
        return Step(orders: orders, content: Array(rest.prefix(size)))
    }

    /// The bytes of a script.
    static func written(_ head: [UInt8], _ steps: [Step]) -> [UInt8] {
        head + steps.flatMap { [$0.orders, UInt8($0.content.count)] + $0.content }
    }
}

/// Writes what a fuzzer begins with into its corpus: the first folder among its arguments.
func writeCorpus(
    _ scripts: [[UInt8]],
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) {
    var arguments = arguments?.pointee?.successor()
    while let argument = arguments?.pointee {
        arguments = arguments?.successor()
        let folder = String(cString: argument)
        guard !folder.hasPrefix("-") else { continue }
        for (number, script) in scripts.enumerated() {
            try? Data(script).write(to: URL(fileURLWithPath: "\(folder)/script-\(number)"))
        }
        return
    }
}

extension Wire {
    /// - Parameter piece: bytes of each segment; 0 for one that holds all. Many small ones are not sent.
    mutating func send(_ isClient: Bool, _ bytes: [UInt8], _ piece: Int) {
        let isWhole = piece == 0 || frames.count > 500
        let size = isWhole ? max(1, bytes.count) : piece
        for start in stride(from: 0, to: bytes.count, by: size) {
            let part = Array(bytes[start..<min(start + size, bytes.count)])
            send((isClient, part))
        }
    }

    /// Bytes that were sent and are not in the capture.
    mutating func skip(_ isClient: Bool, _ count: Int) {
        if isClient {
            clientSequence &+= UInt32(count)
        } else {
            brokerSequence &+= UInt32(count)
        }
    }
}
