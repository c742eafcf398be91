/// The nodes of a trie over topic levels, and one hash table from parent and level to child for all of them, so that a
/// node with a million children costs no more to search than one with two.
struct LevelTable: Sendable {
    static let root = 0

    private struct Node: Sendable {
        var parent: Int32
        /// The youngest child, and the children of the same parent beside this one; 0 if there is none.
        var first: Int32 = 0
        var next: Int32 = 0
        var previous: Int32 = 0
        /// The children `+` and `#`, which every lookup asks for; 0 if there is none.
        var plus: Int32 = 0
        var hash: Int32 = 0
        var level: [UInt8]
    }

    private var nodes = [Node(parent: 0, level: [])]
    private var free: [Int32] = []
    /// Open addressing with linear probing: the node, or 0 where there is none, the root being nobody's child.
    private var slots = [Int32](repeating: 0, count: 16)

    /// Nodes there are or were; every node is below.
    var capacity: Int { nodes.count }
    /// Nodes without the root.
    var count: Int { nodes.count - 1 - free.count }

    func parent(of node: Int) -> Int { Int(nodes[node].parent) }
    func plus(of node: Int) -> Int? { nodes[node].plus == 0 ? nil : Int(nodes[node].plus) }
    func hash(of node: Int) -> Int? { nodes[node].hash == 0 ? nil : Int(nodes[node].hash) }
    func isLeaf(_ node: Int) -> Bool { nodes[node].first == 0 }
    /// The youngest child.
    func firstChild(of node: Int) -> Int? { nodes[node].first == 0 ? nil : Int(nodes[node].first) }
    /// The next older child of the same parent.
    func sibling(of node: Int) -> Int? { nodes[node].next == 0 ? nil : Int(nodes[node].next) }
    /// A level that begins with `$`.
    func isDollar(_ node: Int) -> Bool { nodes[node].level.first == .dollar }

    func child(of parent: Int, _ bytes: RawSpan, _ level: Range<Int>) -> Int? {
        let found = slots[slot(of: parent, bytes, level)]
        return found == 0 ? nil : Int(found)
    }

    mutating func childOrNew(of parent: Int, _ level: RawSpan) -> Int {
        let range = 0..<level.byteCount
        if let child = child(of: parent, level, range) { return child }
        // kept at most half full, so that a probe ends soon
        if (count + 1) * 2 > slots.count { grow() }
        let node = Node(parent: Int32(parent), level: level.array(range))
        let child: Int
        if let reused = free.popLast() {
            child = Int(reused)
            nodes[child] = node
        } else {
            child = nodes.count
            nodes.append(node)
        }
        slots[slot(of: parent, level, range)] = Int32(child)
        link(Int32(child), from: child)
        let older = nodes[parent].first
        nodes[child].next = older
        if older != 0 { nodes[Int(older)].previous = Int32(child) }
        nodes[parent].first = Int32(child)
        return child
    }

    /// - Returns: the parent.
    mutating func removeLeaf(_ node: Int) -> Int {
        precondition(node != Self.root && isLeaf(node))
        let parent = parent(of: node)
        emptySlot(slot(of: node))
        link(0, from: node)
        let (next, previous) = (nodes[node].next, nodes[node].previous)
        if next != 0 { nodes[Int(next)].previous = previous }
        if previous != 0 {
            nodes[Int(previous)].next = next
        } else {
            nodes[parent].first = next
        }
        nodes[node].level = []
        free.append(Int32(node))
        return parent
    }

    /// Sets what the parent of `node` keeps for `+` or `#`, if `node` is one.
    private mutating func link(_ value: Int32, from node: Int) {
        let parent = parent(of: node)
        switch nodes[node].level {
        case [.plus]: nodes[parent].plus = value
        case [.hash]: nodes[parent].hash = value
        default: break
        }
    }

    private func slot(of node: Int) -> Int {
        let level = nodes[node].level
        return slot(of: parent(of: node), level.span.bytes, 0..<level.count)
    }

    /// The slot that holds the child, or the empty one where it would be put.
    private func slot(of parent: Int, _ bytes: RawSpan, _ level: Range<Int>) -> Int {
        var slot = home(parent, bytes, level)
        while slots[slot] != 0 {
            let node = nodes[Int(slots[slot])]
            let found = node.level.span.bytes
            if Int(node.parent) == parent, found.equals(0..<found.byteCount, bytes, level) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    /// FNV-1a over parent and level, mixed once more because only the low bits are used.
    private func home(_ parent: Int, _ bytes: RawSpan, _ level: Range<Int>) -> Int {
        var state = 0xCBF2_9CE4_8422_2325 ^ UInt64(parent) &* 0x9E37_79B9_7F4A_7C15
        for offset in level {
            state = (state ^ UInt64(bytes.byte(at: offset))) &* 0x0000_0100_0000_01B3
        }
        return Int(truncatingIfNeeded: state ^ state >> 32) & (slots.count - 1)
    }

    private func home(of node: Int) -> Int {
        let level = nodes[node].level
        return home(parent(of: node), level.span.bytes, 0..<level.count)
    }

    private mutating func grow() {
        let old = slots
        slots = [Int32](repeating: 0, count: old.count * 2)
        for node in old where node != 0 {
            var slot = home(of: Int(node))
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = node
        }
    }

    /// Moves what probed past the slot back into it, so that no probe stops too early.
    private mutating func emptySlot(_ slot: Int) {
        let mask = slots.count - 1
        var (hole, next) = (slot, (slot + 1) & mask)
        while slots[next] != 0 {
            let home = home(of: Int(slots[next]))
            // may move only if its home is not behind the hole on the way round
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = 0
    }
}
