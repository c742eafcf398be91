extension Fleet {
    /// Every key that a fleet file may have, for the page that explains them.
    package static var allKeys: [String] {
        keys + BrokerTerms.keys + BrokerTerms.delayKeys + BrokerTerms.stallKeys + Storm.keys
            + ClientGroup.keys + ClientGroup.outageKeys + FleetVariable.keys + WillTerms.keys
            + SubscriptionTerms.keys + MessageClass.keys + MessageClass.burstKeys
            + PayloadTemplate.keys + PayloadTemplate.binaryKeys + PayloadTemplate.walkKeys
            + PayloadTemplate.randomKeys + PayloadTemplate.listKeys
            + Pitfalls.catalogue.map(\.name) + TextTemplate.builtIn.map(\.name)
            + MessageClass.Role.allCases.map(\.rawValue) + Departure.allCases.map(\.rawValue)
    }
}
