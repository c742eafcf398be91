/// The wire form of a property, the values it may have and the packets it may stand in.
package struct PropertyFormat: Sendable {
    /// The data types of chapter 1.5 that properties use.
    package enum Kind: Sendable {
        case byte, two, four, variable, text, binary, pair
    }

    package let kind: Kind
    /// The values allowed, for numbers.
    package let values: ClosedRange<UInt32>
    package let places: PropertyPlaces

    private init(_ kind: Kind, _ values: ClosedRange<UInt32>, _ places: PropertyPlaces) {
        self.kind = kind
        self.values = values
        self.places = places
    }

    static func byte(_ values: ClosedRange<UInt32>, _ places: PropertyPlaces) -> Self {
        Self(.byte, values, places)
    }
    static func two(from least: UInt32 = 0, _ places: PropertyPlaces) -> Self {
        Self(.two, least...0xFFFF, places)
    }
    static func four(from least: UInt32 = 0, _ places: PropertyPlaces) -> Self {
        Self(.four, least...UInt32.max, places)
    }
    static func variable(_ places: PropertyPlaces) -> Self {
        Self(.variable, 1...UInt32(VariableByteInteger.largest), places)
    }
    static func text(_ places: PropertyPlaces) -> Self { Self(.text, 0...0, places) }
    static func binary(_ places: PropertyPlaces) -> Self { Self(.binary, 0...0, places) }
    static func pair(_ places: PropertyPlaces) -> Self { Self(.pair, 0...0, places) }
}

/// Where properties stand: one bit for every packet type, by its number, and bit 0 for the will.
package struct PropertyPlaces: OptionSet, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ type: PacketType) { self.init(rawValue: 1 << type.rawValue) }

    package static let will = PropertyPlaces(rawValue: 1)
    package static let connect = PropertyPlaces(.connect)
    package static let connack = PropertyPlaces(.connack)
    package static let publish = PropertyPlaces(.publish)
    /// PUBACK, PUBREC, PUBREL and PUBCOMP.
    package static let acknowledgements: PropertyPlaces = [
        .init(.puback), .init(.pubrec), .init(.pubrel), .init(.pubcomp),
    ]
    package static let subscribe = PropertyPlaces(.subscribe)
    package static let suback = PropertyPlaces(.suback)
    package static let unsubscribe = PropertyPlaces(.unsubscribe)
    package static let unsuback = PropertyPlaces(.unsuback)
    package static let disconnect = PropertyPlaces(.disconnect)
    package static let auth = PropertyPlaces(.auth)
    package static let all: PropertyPlaces = [
        .will, .connect, .connack, .publish, .acknowledgements, .subscribe, .suback, .unsubscribe,
        .unsuback,
        .disconnect, .auth,
    ]
}
