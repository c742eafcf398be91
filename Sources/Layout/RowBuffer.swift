/// Rows on their way into a batch, one after the other in one buffer that is reused from batch to batch.
package struct RowBuffer: Sendable {
    /// Offsets in `bytes`.
    package struct Row: Equatable, Sendable {
        package let key: Range<Int>
        package let value: Range<Int>
    }

    package private(set) var bytes: [UInt8] = []
    package private(set) var rows: [Row] = []

    package init() {}

    /// Keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
    }

    mutating func append(key: (inout [UInt8]) -> Void, value: (inout [UInt8]) -> Void) {
        let start = bytes.count
        key(&bytes)
        let middle = bytes.count
        value(&bytes)
        rows.append(Row(key: start..<middle, value: middle..<bytes.count))
    }
}
