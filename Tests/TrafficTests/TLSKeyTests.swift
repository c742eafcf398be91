import Testing
import Traffic

/// Keys of TLS against the example handshake of RFC 8448, section 3, "Simple 1-RTT Handshake".
struct TLSKeyTests {
    struct Vector {
        let secret: String
        let key: String
        let iv: String
    }

    static let vectors = [
        // Client and server, handshake
        Vector(
            secret: "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
            key: "dbfaa693d1762c5b666af5d950258d01", iv: "5bd3c71b836e0b76bb73265f"),
        Vector(
            secret: "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
            key: "3fce516009c21727d0f2e4e86ee403bc", iv: "5d313eb2671276ee13000b30"),
        // Client and server, application data
        Vector(
            secret: "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
            key: "17422dda596ed5d9acd890e3c63f5051", iv: "5b78923dee08579033e523d9"),
        Vector(
            secret: "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
            key: "9f02283b6c9c07efc26bb9f2ac92e356", iv: "cf782b88dd83549aadf1e984"),
    ]

    @Test(arguments: vectors) func keysFollowFromTrafficSecrets(_ vector: Vector) throws {
        let suite = try #require(TLSSuite(tls1_3: 0x1301))
        let keys = suite.keys(secret: bytes(vector.secret))
        #expect(keys.key == bytes(vector.key))
        #expect(keys.iv == bytes(vector.iv))
    }

    /// The record in which the client of the example sends 50 bytes.
    @Test func recordOfTheExampleIsOpened() throws {
        let record = bytes(
            "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b"
                + "62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4")
        let suite = try #require(TLSSuite(tls1_3: 0x1301))
        var opener = TLSOpener(
            suite, suite.keys(secret: bytes(Self.vectors[2].secret)), isTLS1_3: true)
        let opened = opener.open(record.span.bytes, type: 23)
        #expect(opened?.content == 23)
        #expect(opened?.plain == Array(0...49))
        // It is not due twice.
        let again = opener.open(record.span.bytes, type: 23)
        #expect(again == nil)
    }

    @Test func damagedRecordsAreNotOpened() throws {
        let record = bytes(
            "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b"
                + "62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4")
        let suite = try #require(TLSSuite(tls1_3: 0x1301))
        let keys = suite.keys(secret: bytes(Self.vectors[2].secret))
        for index in record.indices {
            var damaged = record
            damaged[index] ^= 0x10
            var opener = TLSOpener(suite, keys, isTLS1_3: true)
            let opened = opener.open(damaged.span.bytes, type: 23)
            #expect(opened == nil, "byte \(index)")
        }
    }

    private func bytes(_ digits: String) -> [UInt8] {
        let digits = Array(digits.utf8)
        func value(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit - 0x30 : digit - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map {
            value(digits[$0]) << 4 | value(digits[$0 + 1])
        }
    }
}
