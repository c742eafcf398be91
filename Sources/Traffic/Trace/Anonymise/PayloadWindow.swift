/// The payloads of one kind that came last, as they were and as they became.
///
/// Payloads of one kind look alike. So each is laid beside the one before it and, where it differs in more than
/// single bytes, beside whatever repeats it. A byte that differs from what is expected stands at the same place
/// of the payload: equal bytes at one place become equal.
final class PayloadWindow {
    private var original: [UInt8] = []
    private var replaced: [UInt8] = []
    /// Of every byte, the place at which it stands. Numbers are given again after the last.
    private var places: [UInt16] = []
    private var lastPlace: UInt16 = 0
    private var index = RepetitionIndex()
    private var known = KnownPieces()
    private var literals: LiteralSource
    private var previous: Range<Int>?
    /// The longest one.
    private var longest: Range<Int>?
    /// What becomes of each byte of the payload at hand.
    private var steps: [Step] = []

    /// A table's block is smaller, and so much is kept at least; bytes.
    static let size = 1 << 15
    /// Bytes by which another repetition has to be longer than what was expected.
    private static let decisive = 8
    /// Bytes by which it is longer that are no chance. So what is not taken has not taken long to find.
    private static let beyondChance = 64
    /// Bytes that may have been left out before a sign.
    private static let reach = 8

    private enum Step {
        case copy(from: Int)
        /// - Parameter isNew: nothing was expected there.
        case draw(isNew: Bool)
    }

    /// What a payload is read beside.
    private struct Alignment {
        /// Where the byte stands that is expected next.
        var next: Int?
        /// It is more than a short repetition in the payload itself.
        var isTrusted: Bool
    }

    init(_ key: AnonymisationKey, _ kind: PayloadKind) { literals = LiteralSource(key, kind) }

    /// - Precondition: no more than `size` bytes.
    func replace(_ bytes: inout [UInt8], _ range: Range<Int>) {
        precondition(range.count <= Self.size)
        if original.count + range.count > 2 * Self.size { slide() }
        let payload = original.count..<original.count + range.count
        original.append(contentsOf: bytes[range])
        index.grow(payload.count)
        replaced.append(contentsOf: repeatElement(0, count: payload.count))
        places.append(contentsOf: repeatElement(0, count: payload.count))
        // What spans the end of the payload before is known by now.
        let spanning = max(0, payload.lowerBound - RepetitionIndex.shortest + 1)
        for at in spanning..<payload.lowerBound { index.insert(at, in: original) }
        read(payload)
        write(payload)
        previous = payload
        if payload.count > longest?.count ?? 0 { longest = payload }
        bytes.replaceSubrange(range, with: replaced[payload])
    }

    private func read(_ payload: Range<Int>) {
        steps.removeAll(keepingCapacity: true)
        var beside = Alignment(next: previous?.lowerBound, isTrusted: previous != nil)
        var at = payload.lowerBound
        while at < payload.upperBound {
            let count = follow(at, &beside)
            if let from = beside.next, count > 0 {
                for offset in 0..<count {
                    places[at + offset] = places[from + offset]
                    steps.append(.copy(from: from + offset))
                    index.insert(at + offset, in: original)
                }
                at += count
                move(&beside, to: from + count, at, payload)
                beside.isTrusted =
                    count >= Self.decisive || from + count <= payload.lowerBound
            } else {
                readLiteral(at, payload, &beside)
                index.insert(at, in: original)
                at += 1
            }
        }
    }

    /// - Returns: how many bytes from `at` on are as expected, which may now be somewhere else.
    private func follow(_ at: Int, _ beside: inout Alignment) -> Int {
        let count = beside.next.map { agreeing(at, $0) } ?? 0
        guard at + count < original.count else { return count }
        let other = index.longest(at, in: original)
        if let next = beside.next, beside.isTrusted {
            guard other.count >= count + Self.decisive else { return count }
            // A byte here and there has changed, and what is elsewhere agrees by chance.
            if other.count < count + Self.beyondChance, isAlike(at, next, other.count) {
                return count
            }
        } else if other.count <= count {
            return count
        }
        beside.next = other.from
        return other.count
    }

    private func agreeing(_ at: Int, _ from: Int) -> Int {
        var count = 0
        while at + count < original.count, original[from + count] == original[at + count] {
            count += 1
        }
        return count
    }

    /// Whether at least half of `count` bytes agree.
    private func isAlike(_ at: Int, _ from: Int, _ count: Int) -> Bool {
        let equal = (0..<count).reduce(0) {
            $0 + (original[at + $1] == original[from + $1] ? 1 : 0)
        }
        return 2 * equal >= count
    }

    private func readLiteral(_ at: Int, _ payload: Range<Int>, _ beside: inout Alignment) {
        var isNew = !beside.isTrusted
        let byte = original[at]
        if let next = beside.next {
            var following = next
            if literals.isSign(byte) == literals.isSign(original[next]) {
                places[at] = places[next]
                following = next + 1
            } else if literals.isSign(byte) {
                // Something was left out before it, or it is one more.
                let ahead = original[next..<min(at, next + Self.reach)].firstIndex(of: byte)
                following = ahead.map { $0 + 1 } ?? next
            } else if at > payload.lowerBound, !literals.isSign(original[at - 1]) {
                // A number or word is longer than it was.
                places[at] = places[at - 1]
            } else if next + 1 < at, !literals.isSign(original[next + 1]) {
                // A sign was left out.
                places[at] = places[next + 1]
                following = next + 2
            } else {
                isNew = true
                places[at] = newPlace()
            }
            move(&beside, to: following, at + 1, payload)
        } else {
            isNew = true
            places[at] = newPlace()
        }
        steps.append(.draw(isNew: isNew))
    }

    /// - Parameter at: of the next byte.
    private func move(
        _ beside: inout Alignment, to next: Int, _ at: Int, _ payload: Range<Int>
    ) {
        beside.next = next < at ? next : nil
        // The payload before was shorter. Another may tell what stands at these places.
        guard beside.isTrusted, next == payload.lowerBound else { return }
        let offset = at - payload.lowerBound
        beside.next = longest.flatMap { offset < $0.count ? $0.lowerBound + offset : nil }
    }

    private func newPlace() -> UInt16 {
        lastPlace &+= 1
        return lastPlace
    }

    private func write(_ payload: Range<Int>) {
        literals.begin()
        for (at, step) in zip(payload, steps) {
            guard case .draw(let isNew) = step else { continue }
            literals.remember(original[at], at: places[at], isNew: isNew)
        }
        for (at, step) in zip(payload, steps) {
            switch step {
            // Byte by byte, because it may repeat itself.
            case .copy(let from): replaced[at] = replaced[from]
            case .draw(let isNew): draw(at, payload, isNew)
            }
            if isWhole(at, payload) { known.insert(endingAt: at, in: replaced) }
        }
    }

    private func draw(_ at: Int, _ payload: Range<Int>, _ isNew: Bool) {
        let end = foresee(at, payload)
        replaced[at] = literals.draw(for: original[at], at: places[at], isNew: isNew) { value in
            replaced[at] = value
            return (at..<end).contains {
                isWhole($0, payload) && known.contains(endingAt: $0, in: replaced)
            }
        }
    }

    /// Writes what follows `at` as far as it is known already and in one piece with it.
    /// - Returns: where that ends.
    private func foresee(_ at: Int, _ payload: Range<Int>) -> Int {
        var end = at + 1
        while end < min(payload.upperBound, at + RepetitionIndex.shortest) {
            switch steps[end - payload.lowerBound] {
            case .copy(let from):
                guard from < at else { return end }
                replaced[end] = replaced[from]
            case .draw:
                guard let value = literals.value(of: original[end], at: places[end]) else {
                    return end
                }
                replaced[end] = value
            }
            end += 1
        }
        return end
    }

    /// Whether the piece that ends at `at` is in the payload.
    private func isWhole(_ at: Int, _ payload: Range<Int>) -> Bool {
        at >= payload.lowerBound + RepetitionIndex.shortest - 1
    }

    /// Forgets the older half.
    private func slide() {
        let gone = max(0, original.count - Self.size)
        original.removeFirst(gone)
        replaced.removeFirst(gone)
        places.removeFirst(gone)
        index.forget(gone)
        func kept(_ range: Range<Int>?) -> Range<Int>? {
            guard let range, range.lowerBound >= gone else { return nil }
            return range.lowerBound - gone..<range.upperBound - gone
        }
        (previous, longest) = (kept(previous), kept(longest))
        known.removeAll()
        let all = replaced.indices
        for at in all where isWhole(at, all) { known.insert(endingAt: at, in: replaced) }
    }
}
