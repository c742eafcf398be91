import HOCON
import Testing

/// What the grammar means, as a table: a document and the same document spelled out.
@Suite struct HOCONGrammarTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let means: String

        init(_ name: String, _ text: String, _ means: String) {
            (testDescription, self.text, self.means) = (name, text, means)
        }
    }

    static let cases: [Case] = [
        Case("empty", "", ""),
        Case("only comments", "# a\n// b = 1\n", ""),
        Case(
            "json", #"{"a": {"b": [1, 2.5, true, null, "x"]}}"#,
            "a { b = [1, 2.5, true, null, \"x\"] }"),
        Case("json over lines", "{ \"a\"\n:\n1\n,\n\"b\" : [\n1\n,\n2\n]\n}", "a = 1, b = [1, 2]"),
        Case("dotted keys", "a.b.c = 1\na.b.d = 2", "a { b { c = 1, d = 2 } }"),
        Case("quoted keys", #""a.b" = 1, x."y.z".w = 2"#, #"{"a.b": 1, "x": {"y.z": {"w": 2}}}"#),
        Case(
            "separators", "a = 1, b : 2\nc { d = 3 }, e = [1\n2, 3,]\n,",
            "a=1,b=2,c={d=3},e=[1,2,3]"),
        Case("later wins in place", "a = 1\nb = 2\na = 3", "a = 3, b = 2"),
        Case("blocks merge", "a { x = 1, y = 2 }\na { y = 3, z = 4 }", "a { x = 1, y = 3, z = 4 }"),
        Case("a value ends a block", "a { x = 1 }\na = 5\na { y = 2 }", "a { y = 2 }"),
        Case("plain words", "a = batch size of 3  # not 4", "a = \"batch size of 3\""),
        Case("comment after slash", "a = b//c", "a = b"),
        Case("a slash is no comment", "a = /var/lib/emqx", "a = \"/var/lib/emqx\""),
        Case("node names", "a = emqx@127.0.0.1", "a = \"emqx@127.0.0.1\""),
        Case("units stay text", "a = 64MB, b = 10s", "a = \"64MB\", b = \"10s\""),
        Case("numbers keep their text", "a = 1.10, b = -5, c = 1e+3", "a = 1.10, b = -5, c = 1e+3"),
        Case("no number", "a = 007, b = 1.", "a = \"007\", b = \"1.\""),
        Case("quoted numbers are text", "a = \"16\"", "a = \"16\""),
        Case("strings join", #"a = "x" y "z""#, "a = \"x y z\""),
        Case(
            "escapes", #"a = "q\"b\\s\/n\nu\u00e9p\ud83d\ude00""#, "a = \"\"\"q\"b\\s/n\nuép😀\"\"\""
        ),
        Case("four quotes close one", "a = \"\"\"x\"\"\"\"", #"a = "x\"""#),
        Case("carriage returns", "a = 1\r\nb = 2\r# c\rd = 3", "a = 1, b = 2, d = 3"),
        Case("byte order mark", "\u{FEFF}a = 1", "a = 1"),
        Case("append", "a = [1]\na += 2\na += [3]", "a = [1, 2, [3]]"),
        Case("append to nothing", "a += 1", "a = [1]"),
        Case("a key called include", "include = 1\n\"include\" { x = 2 }", "\"include\" { x = 2 }"),
        Case("root list", "[1, {a = 2}]", "[1, {a = 2}]"),
        Case("blocks side by side", "a = { x = 1 } { y = 2 }", "a { x = 1, y = 2 }"),
        Case("lists side by side", "a = [1] [2]", "a = [1, 2]"),
        Case("empty string", "a = \"\", \"\" = b", #"{"a": "", "": "b"}"#),
    ]

    @Test(arguments: cases) func documentMeans(_ given: Case) throws {
        let left = try HOCONValue(parsing: given.text, file: "given")
        #expect(try left == HOCONValue(parsing: given.means, file: "meant"))
    }

    static let substitutions: [Case] = [
        Case("forward", "a = ${b}\nb = 1", "a = 1, b = 1"),
        Case("inside text", "a = /x/${b}/y ${b}\nb = 7", "a = \"/x/7/y 7\", b = 7"),
        Case("last one counts", "a = ${b}\nb = 1\nb = 2", "a = 2, b = 2"),
        Case(
            "optional and absent", "a = 1\na = ${?b}\nc = [1, ${?b}]\nd = ${?b}", "a = 1, c = [1]"),
        Case("optional in text", "a = x${?b}y", "a = xy"),
        Case("itself before", "a = /usr\na = ${a}/bin", "a = \"/usr/bin\""),
        Case("list and itself", "a = [1]\na = ${a} [2]", "a = [1, 2]"),
        Case(
            "inherit", "base { x = 1, y = 2 }\na = ${base} { y = 3 }", "base {x=1,y=2}, a {x=1,y=3}"
        ),
        Case(
            "inherit late", "base { x = 1 }\na = { z = 0 } ${base}\nbase.x = 5",
            "base{x=5}, a{z=0,x=5}"),
        Case(
            "neighbour in a block", "a { x = 42, y = ${a.x} }\na { x = 43 }", "a { x = 43, y = 43 }"
        ),
        Case("neighbour of a join", "b { x = 1 }\na = ${b} { y = ${a.x} }", "b{x=1}, a{x=1,y=1}"),
        Case(
            "through a reference", "b { c { d = 1 } }\na = ${b}\ne = ${a.c.d}",
            "b{c{d=1}}, a{c{d=1}}, e=1"),
        Case("hidden is not asked", "a = ${nowhere}\na = 1", "a = 1"),
        Case("keeps its type", "a = ${b}\nb = true", "a = true, b = true"),
    ]

    @Test(arguments: substitutions) func substitutionMeans(_ given: Case) throws {
        let left = try HOCONValue(parsing: given.text, file: "given")
        #expect(try left == HOCONValue(parsing: given.means, file: "meant"))
    }

    /// The two blocks of the article that this tool starts from.
    @Test func articleBlocksParse() throws {
        let text = """
            durable_sessions {
              enable = true
              idle_poll_interval = "10s"
              # How long a disconnected session is kept
              message_retention_period = "4h"
            }
            durable_storage {
              messages {
                backend = builtin_raft
                n_shards = 16
                rocksdb {
                  cache_size = "256MB"
                  write_buffer_size = "64MB"
                }
              }
            }
            durable_storage.messages.rocksdb {
              # Larger write buffer = fewer, bigger flushes to L0
              write_buffer_size = "128MB"
              max_background_jobs = 6

              wal_recycle = true
              bytes_per_sync = "1MB"
            }
            """
        let value = try HOCONValue(parsing: text, file: "emqx.conf")
        #expect(
            try value.bytes(at: "durable_storage.messages.rocksdb.write_buffer_size") == 128 << 20)
        #expect(try value.bytes(at: "durable_storage.messages.rocksdb.cache_size") == 256 << 20)
        #expect(try value.integer(at: "durable_storage.messages.n_shards") == 16)
        #expect(try value.duration(at: "durable_sessions.message_retention_period") == 14_400_000)
        #expect(try value.bool(at: "durable_storage.messages.rocksdb.wal_recycle") == true)
        #expect(
            value.entry(at: "durable_storage.messages.rocksdb.write_buffer_size")?.position?.line
                == 19)
        #expect(value.leaves.count == 10)
    }
}
