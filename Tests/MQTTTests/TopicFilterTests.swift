import MQTT
import Testing

/// The examples of 4.7 and 4.8, and their neighbours.
@Test(arguments: [
    ("sport/tennis/player1/#", "sport/tennis/player1", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
    ("sport/tennis/player1/#", "sport/tennis/player10", false),
    ("sport/#", "sport", true), ("sport/#", "sport/", true), ("sport/#", "sports", false),
    ("#", "a", true), ("#", "/", true), ("#", "a/b/c", true),
    ("sport/tennis/+", "sport/tennis/player1", true),
    ("sport/tennis/+", "sport/tennis/player1/ranking", false),
    ("sport/+", "sport", false), ("sport/+", "sport/", true),
    ("+", "a", true), ("+", "/finance", false), ("+/+", "/finance", true), ("/+", "/finance", true),
    ("+/tennis/#", "sport/tennis", true), ("+/tennis/#", "sport/tennis/x/y", true),
    ("sport/+/player1", "sport/tennis/player1", true), ("sport/+/player1", "sport//player1", true),
    ("#", "$SYS", false), ("#", "$SYS/x", false),
    ("+/monitor/Clients", "$SYS/monitor/Clients", false),
    ("+", "$SYS", false), ("$SYS/#", "$SYS/", true), ("$SYS/#", "$SYS", true),
    ("$SYS/monitor/+", "$SYS/monitor/Clients", true), ("a/+", "a/$SYS", true),
    ("/#", "/$SYS", true),
    ("ACCOUNTS", "Accounts", false), ("/finance", "finance", false), ("a", "a/", false),
    ("a/", "a", false),
    ("a", "ab", false), ("ab", "a", false), ("a b", "a b", true), ("/", "/", true),
    ("//", "/", false),
    // e with an accent, as one scalar and as two: equal as `String`, different as topics
    ("\u{E9}", "\u{E9}", true), ("\u{E9}", "e\u{301}", false),
    ("$share/consumer/sport/#", "sport/tennis", true),
    ("$share/consumer//finance", "/finance", true),
    ("$share/consumer/#", "$SYS/x", false), ("$share/consumer/+", "$share/consumer/a", false),
    // no slash follows, so it is a topic of the server's own and no shared subscription
    ("$share", "$share", true),
]) func filterMatchesAsTheSpecificationSays(_ filter: String, _ topic: String, _ matches: Bool)
    throws
{
    let filter = try TopicFilter(filter)
    #expect(filter.matches(topic) == matches)
    var index = FilterIndex<Int>()
    index.insert(filter, 1)
    let found = index.matchesAny(Array(topic.utf8).span.bytes)
    #expect(found == matches)
}

@Test(
    arguments: [
        ("", .topicEmpty, 0), ("sport/tennis#", .multiLevelWildcard, 12),
        ("sport/tennis/#/ranking", .multiLevelWildcard, 13),
        ("##", .multiLevelWildcard, 0), ("#/", .multiLevelWildcard, 0),
        ("sport+", .singleLevelWildcard, 5),
        ("+sport", .singleLevelWildcard, 0), ("a/+b/c", .singleLevelWildcard, 2),
        ("a\0b", .topicNull, 1),
        (String(repeating: "a", count: 65_536), .topicTooLong, 65_535),
        ("$share/", .shareNameMissing, 7), ("$share//a", .shareNameMissing, 7),
        ("$share/g", .shareNameSyntax, 8),
        ("$share/g/", .shareNameSyntax, 8), ("$share/+/a", .shareNameSyntax, 7),
        ("$share/#", .shareNameSyntax, 7),
        ("$share/g/a#", .multiLevelWildcard, 10),
    ] as [(String, Rule, Int)])
func badFilterIsRefusedWithItsRule(_ text: String, _ rule: Rule, _ offset: Int) {
    let result = Result { () throws(CodecError) in try TopicFilter(text) }
    #expect(result == .failure(.malformed(rule: rule, offset: offset)))
}

@Test func sharedGroupIsTheShareName() throws {
    #expect(try TopicFilter("$share/consumer 1/a/b").sharedGroup == "consumer 1")
    #expect(try TopicFilter("$SYS/a").sharedGroup == nil)
    #expect(try TopicFilter("a/$share/b").sharedGroup == nil)
}

@Test func filtersAreEqualByBytes() throws {
    #expect(try TopicFilter("\u{E9}") != TopicFilter("e\u{301}"))
    #expect(try Set([TopicFilter("a"), TopicFilter("a"), TopicFilter("A")]).count == 2)
}

@Test(arguments: [
    ("a/b", true), ("/", true), ("$SYS/x", true), (" ", true), ("\u{FEFF}", true),
    (String(repeating: "a", count: 65_535), true), (String(repeating: "a", count: 65_536), false),
    ("", false), ("a/+", false), ("#", false), ("a\0", false),
]) func topicNamesAreToldFromOtherText(_ text: String, _ isValid: Bool) {
    let found = isValidTopicName(Array(text.utf8).span.bytes)
    #expect(found == isValid)
}

/// One to four bytes at the borders of table 3-7 of Unicode, both sides of each, against the standard library.
@Test func wellFormedIsWhatUnicodeSays() {
    let leads: [UInt8] = [
        0x01, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0,
        0xF1,
        0xF3, 0xF4,
        0xF5, 0xFF,
    ]
    let others: [UInt8] = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    var texts = leads.map { [$0] }
    for _ in 1...4 {
        for text in texts {
            let expected = String(validating: text, as: UTF8.self) != nil
            let found = isValidTopicName(text.span.bytes)
            if found != expected { Issue.record("\(text) is \(expected ? "" : "not ")well-formed") }
        }
        texts = texts.flatMap { text in others.map { text + [$0] } }
    }
}
