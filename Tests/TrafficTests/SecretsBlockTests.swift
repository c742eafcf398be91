import MQTT
import Testing
import Traffic

/// Captures that hold the secrets of their own TLS connections, as `editcap --inject-secrets` makes them.
struct SecretsBlockTests {
    @Test(arguments: [true, false]) func secretsInTheCaptureOpenIt(_ isBigEndian: Bool) throws {
        var tls = try #require(TLSWire(.v1_3, suite: 0x1301))
        tls.handshake()
        tls.send(.connect(Connect(version: .v5, clientID: "sensor")), .reading("a", "1"))
        var blocks = CaptureFile.Blocks(bigEndian: isBigEndian)
        blocks.section()
        blocks.interface()
        let text = Array(tls.keyLog.utf8)
        blocks.block(10, blocks.four(0x544C_534B) + blocks.four(UInt32(text.count)) + text)
        // Secrets of another kind, and a block that claims more than it holds.
        blocks.block(10, blocks.four(0x5747_4B4C) + blocks.four(4) + [1, 2, 3, 4])
        blocks.block(10, blocks.four(0x544C_534B) + blocks.four(.max) + [1, 2, 3, 4])
        for frame in tls.wire.frames { blocks.packet(frame.bytes, ticks: frame.time / 1_000) }
        let inspection = try inspect(blocks.bytes)
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(inspection.quality.encryptedConnections == 0)
    }
}
