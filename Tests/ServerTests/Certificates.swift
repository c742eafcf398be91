import TestSupport
import Testing

/// Certificates that `openssl` makes for a test: an authority, and a server's and a client's in its name.
enum Certificates {
    /// Leaves `ca.pem`, `server.pem`, `client.pem` and their keys in `scratch`. The server's is for 127.0.0.1.
    static func make(in scratch: ScratchDirectory) {
        func openssl(_ line: String) {
            let words = ["openssl"] + line.split(separator: " ").map(String.init)
            #expect(Tool.run(words, in: scratch.path) != nil, "openssl \(line)")
        }
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        openssl("req -x509 \(key) -keyout ca.key -out ca.pem -subj /CN=authority -days 2")
        for name in ["server", "client"] {
            openssl(
                "req \(key) -keyout \(name).key -out \(name).csr -subj /CN=\(name) -addext subjectAltName=IP:127.0.0.1"
            )
            openssl(
                "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -out \(name).pem -days 2 -copy_extensions copy"
            )
        }
    }
}
