import HOCON
import Knobs
import Measure
import Testing

@Suite struct EmissionTests {
    /// What a node would really be given: every live line of every file that we say fits.
    @Test(arguments: Dialect.catalogue.map(\.id))
    func onlyLiveKeysAreLiveLines(_ id: String) throws {
        let dialect = try #require(Dialect.catalogue.first { $0.id == id })
        let root: UInt64 = 2_026
        var seed = Seed(root).branch(id)
        for round in 0..<500 {
            let place = "\(id), seed \(root), round \(round)"
            let control = Setting.random(over: Knob.catalogue, control: Setting(), using: &seed)
            let setting = Setting.random(over: Knob.catalogue, control: control, using: &seed)
            let fresh = round % 2 == 0
            let header = ["line\nrocksdb = 1", "second"]
            let forward = try HOCONValue(
                parsing: dialect.emqxConf(
                    from: control, to: setting, header: header, newDatabase: fresh
                ).rendered(), file: place)
            let back = try HOCONValue(
                parsing: dialect.rollbackConf(
                    from: control, to: setting, header: header, newDatabase: fresh
                ).rendered(), file: place)
            for leaf in forward.leaves + back.leaves {
                #expect(
                    dialect.verdict(of: leaf.path, value: leaf.entry.value) == .live, "\(place)")
                let key = try #require(dialect.key(leaf.path))
                #expect(key.anotherMeaning == nil, "\(place)")
                #expect(fresh || key.takesEffect != .newDatabaseOnly, "\(place)")
            }
            // Exactly the reachable differences, and the way back touches nothing else.
            let reachable = dialect.settableKnobs(newDatabase: fresh)
            let reached = setting.restricted(to: reachable, over: control)
            let expected = reached.differences(from: control).map(\.articlePath)
            #expect(forward.leaves.map(\.path) == expected, "\(place)")
            #expect(Set(back.leaves.map(\.path)).isSubset(of: expected), "\(place)")
            for knob in reached.differences(from: control) {
                #expect(
                    forward.value(at: knob.articlePath) == knob.spelled(setting[knob]), "\(place)")
            }
            for leaf in back.leaves {
                let knob = try #require(Knob.catalogue.first { $0.articlePath == leaf.path })
                #expect(leaf.entry.value == knob.spelled(control[knob]), "\(place)")
            }
        }
    }

    @Test(arguments: Dialect.catalogue.map(\.id))
    func everyDifferenceIsMentioned(_ id: String) throws {
        let dialect = try #require(Dialect.catalogue.first { $0.id == id })
        let text = dialect.emqxConf(from: Setting(), to: Golden.setting, header: []).rendered()
        for knob in Golden.setting.differences(from: Setting()) {
            #expect(text.contains("\(knob.title): "), "\(knob.id)")
        }
    }

    @Test(arguments: Dialect.catalogue.map(\.id)) func sameSettingChangesNothing(_ id: String)
        throws
    {
        let dialect = try #require(Dialect.catalogue.first { $0.id == id })
        let document = dialect.emqxConf(from: Golden.setting, to: Golden.setting, header: [])
        #expect(!document.isLive)
        #expect(document.rendered().contains("Nothing to change: the settings stay"))
        #expect(try HOCONValue(parsing: document.rendered(), file: id).leaves.isEmpty)
    }

    @Test func articleStyleNamesEveryVersionThatRefusesIt() {
        let text = Setting().emqxStyleConf(header: []).rendered()
        for dialect in Dialect.catalogue { #expect(text.contains("\(dialect.title) refuses ")) }
    }

    @Test(arguments: Golden.files.keys.sorted()) func fileIsAsCommitted(_ name: String) throws {
        try Golden.check(#require(Golden.files[name]), against: name)
    }
}
