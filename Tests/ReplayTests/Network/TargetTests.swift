import Replay
import TestSupport
import Testing

@Suite struct TargetTests {
    @Test(
        arguments: [
            ("mqtt://127.0.0.1", "mqtt://127.0.0.1:1883"),
            ("mqtts://broker.example", "mqtts://broker.example:8883"),
            ("mqtt://localhost:1884/", "mqtt://localhost:1884"),
            ("mqtts://[2001:db8::7]:8884", "mqtts://[2001:db8::7]:8884"),
            ("mqtt://[::1]", "mqtt://[::1]:1883"),
        ]) func aTargetIsWhatItsTextSays(_ text: String, _ whole: String) throws
    {
        #expect(try Target(parsing: text).description == whole)
    }

    @Test(
        arguments: [
            "", "127.0.0.1", "127.0.0.1:1883", "http://127.0.0.1", "mqtt:127.0.0.1", "mqtt://",
            "mqtt://:1883", "mqtt://a:0", "mqtt://a:65536", "mqtt://a:b", "mqtt://a/topic",
            "mqtt://a?b", "mqtt://::1", "mqtt://[::1", "mqtt://[::1]x", "mqtt://[a]", "mqtt://a b",
            "mqtt://a:+1", "MQTT//a",
        ]) func whatIsNoTargetIsRefused(_ text: String)
    {
        #expect(throws: TargetError.notATarget(text)) { try Target(parsing: text) }
    }

    /// Fails if a password on the command line is taken, or printed again.
    @Test func aPasswordIsNotTakenFromTheCommandLine() {
        let error = #expect(throws: TargetError.self) {
            try Target(parsing: "mqtt://pump:hush@127.0.0.1")
        }
        #expect(error == .holdsCredentials)
        #expect(error?.description.contains("hush") == false)
    }

    /// Fails if a replay can be let loose on a broker of others by mistake.
    @Test(arguments: [
        "mqtt://203.0.113.7", "mqtt://[2001:db8::7]", "mqtt://0.0.0.0", "mqtt://128.0.0.1",
    ])
    func whatIsNotThisMachineWantsAWord(_ text: String) throws {
        let target = try Target(parsing: text)
        let error = #expect(throws: TargetError.self) { try target.resolved(isOwned: false) }
        #expect(error?.description.contains("--i-own-this-target") == true)
        #expect(error?.isEnvironment == false)
        #expect(throws: Never.self) { try target.resolved(isOwned: true) }
    }

    @Test(arguments: [
        "mqtt://127.0.0.1", "mqtt://127.8.9.1", "mqtt://[::1]", "mqtt://[::ffff:127.0.0.1]",
        "mqtt://localhost",
    ])
    func thisMachineNeedsNoWord(_ text: String) throws {
        let target = try Target(parsing: text)
        #expect(throws: Never.self) { try target.resolved(isOwned: false) }
    }

    /// The top-level domain `invalid` has no names (RFC 2606).
    @Test func aNameThatNobodyHasIsTheEnvironments() throws {
        let target = try Target(parsing: "mqtt://broker.invalid")
        let error = #expect(throws: TargetError.self) { try target.resolved(isOwned: true) }
        #expect(error?.isEnvironment == true)
    }
}
