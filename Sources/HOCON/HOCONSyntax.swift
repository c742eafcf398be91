/// What the parser builds and the resolver consumes: a document whose substitutions are still open.
///
/// A key does not have a value but a `Slot`, every assignment it got in the order of the file,
/// because a substitution may refer to what the key was before.
typealias Slot = [Assignment]

struct Assignment {
    let node: Node
    let position: HOCONPosition
    /// Which assignment of the document this is: the resolver marks those it is busy with.
    let number: Int
    /// The second half of `${base} { … }`: the assignment before this one has to be a block too.
    var joinsPrevious = false
}

enum Node {
    case fields(Fields)
    case list([Slot])
    case scalar(HOCONValue)
    /// Pieces side by side, at least one of which is a substitution or a list.
    case joined([Piece])
    /// `+=`: the key's value so far, and this at its end.
    case appended(Slot)
}

enum Piece {
    case text(String)
    case blank(String)
    case list([Slot])
    /// `within`: the block that the file was included into, which is looked at first.
    case substitution(path: [String], within: [String], optional: Bool, HOCONPosition)
}

/// The keys of one block while it is being read. A class, so that a later `a.b.c = 1` finds and
/// extends the block that an earlier line opened.
final class Fields {
    private(set) var order: [String] = []
    private(set) var slots: [String: Slot] = [:]

    /// Adds assignments to a key. A block after a block becomes one block at once, so that a file
    /// of a thousand dotted lines is not a thousand merges.
    func append(_ assignments: Slot, to key: String) {
        if slots[key] == nil {
            order.append(key)
            slots[key] = []
        }
        for assignment in assignments {
            if case .fields(let later) = assignment.node, !assignment.joinsPrevious,
                case .fields(let earlier)? = slots[key]?.last?.node
            {
                for name in later.order { earlier.append(later.slots[name] ?? [], to: name) }
            } else {
                slots[key]?.append(assignment)
            }
        }
    }
}
