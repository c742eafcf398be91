internal import MQTT

/// What the properties of one PUBLISH are and where, found in one walk.
struct FoundProperties {
    /// By place in `StoredProperty.all`; of user properties the last.
    private(set) var found = [7 of RawProperty?](repeating: nil)
    /// How many user properties there are.
    private(set) var pairs = 0
    /// How many different properties there are.
    private(set) var distinct = 0

    /// - Parameter properties: the property bytes of a PUBLISH, without their length.
    /// - Throws: `.malformed`, also for a property that a client may not send with a message.
    init(_ properties: RawSpan) throws(CodecError) {
        var offset = 0
        while true {
            let start = offset
            guard let property = try PropertyWalk.next(properties, at: &offset) else { break }
            guard let index = StoredProperty.index(of: property.id) else {
                throw .malformed(rule: .propertyNotAllowed, offset: start)
            }
            if found[index] == nil { distinct += 1 }
            found[index] = property
            if property.id == .userProperty { pairs += 1 }
        }
    }

    subscript(_ id: PropertyID) -> RawProperty? {
        StoredProperty.index(of: id).flatMap { found[$0] }
    }
}

extension RawSpan {
    /// Calls `body` with each user property among these properties, in their order.
    func forEachPair(_ body: (_ name: RawSpan, _ value: RawSpan) -> Void) throws(CodecError) {
        var offset = 0
        while let property = try PropertyWalk.next(self, at: &offset) {
            guard property.id == .userProperty else { continue }
            body(extracting(property.first), extracting(property.second))
        }
    }
}
