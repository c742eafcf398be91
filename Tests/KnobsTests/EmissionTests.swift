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
        for round in 0..<60 {
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
                // Under another meaning only the knob of that meaning.
                #expect(key.anotherMeaning == nil || key.turns != nil, "\(place)")
                #expect(fresh || key.takesEffect != .newDatabaseOnly, "\(place)")
            }
            // Exactly the reachable differences, and the way back touches nothing else.
            let reachable = dialect.settableKnobs(newDatabase: fresh)
            let lines = setting.restricted(to: reachable, over: control).differences(from: control)
                .map { (knob: $0, path: Self.path(of: $0, in: dialect)) }
                // EMQX 6 has no word for what is off in EMQX 5.
                .filter { $0.path == $0.knob.articlePath || setting[$0.knob] != 0 }
            let group =
                lines.filter { $0.path.contains(".db_groups.") }.isEmpty
                ? [] : ["durable_storage.db_groups.messages.backend"]
            #expect(Set(forward.leaves.map(\.path)) == Set(lines.map(\.path) + group), "\(place)")
            #expect(forward.leaves.count == lines.count + group.count, "\(place)")
            #expect(
                Set(back.leaves.map(\.path)).isSubset(of: lines.map(\.path) + group), "\(place)")
            for line in lines {
                for (file, value) in [(forward, setting[line.knob]), (back, control[line.knob])] {
                    guard let entry = file.entry(at: line.path) else { continue }
                    let syntax = dialect.key(line.path)?.syntax ?? .bytesize
                    #expect(try line.knob.read(entry, at: line.path, syntax) == value, "\(place)")
                }
            }
        }
    }

    private static func path(of knob: Knob, in dialect: Dialect) -> String {
        switch dialect.reach(of: knob) {
        case .live(let path, _), .newDatabaseOnly(let path): path
        case .notSettable: ""
        }
    }

    /// A group's sizes count MB in thousands and end below 2 GiB (reference 1.3).
    @Test(arguments: ["6.0.2", "6.1.0", "6.1.1"])
    func groupsAreWrittenInMebibytesAndNeverTooLarge(_ version: String) throws {
        let dialect = try Dialect.find(version: version)
        func conf(_ value: Int64, backend: String = "builtin_raft") -> String {
            dialect.emqxConf(
                from: Setting(), to: Setting(["write_buffer_manager": value]), header: [],
                backend: backend
            ).rendered()
        }
        let path = "durable_storage.db_groups.messages"
        #expect(conf(512 << 20).contains("\n\(path).write_buffer_size = \"512 MiB\"\n"))
        #expect(conf(2_047 << 20).contains("\n\(path).write_buffer_size = \"2047 MiB\"\n"))
        #expect(!conf(2 << 30).contains("\n\(path)"))
        #expect(conf(2 << 30).contains("`\(path).write_buffer_size` cannot be given this value"))
        #expect(!conf((512 << 20) + 1).contains("\n\(path)"))
        // What no file can say is nothing to search.
        let manager = try #require(Knob.find("write_buffer_manager"))
        #expect(dialect.canWrite(512 << 20, of: manager))
        #expect(!dialect.canWrite(0, of: manager) && !dialect.canWrite(2 << 30, of: manager))
        // Another backend than the database's is refused.
        #expect(conf(512 << 20).contains("\n\(path).backend = builtin_raft\n"))
        #expect(
            conf(512 << 20, backend: "builtin_local").contains(
                "\n\(path).backend = builtin_local\n"))
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
