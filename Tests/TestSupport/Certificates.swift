internal import Foundation

/// Certificates that `openssl` makes for a test: an authority, and a server's and a client's in its name.
package enum Certificates {
    package struct Problem: Error { let complaint: String }

    /// Leaves `ca.pem`, `server.pem`, `client.pem` and their keys in `scratch`. The server's is for 127.0.0.1.
    package static func make(in scratch: ScratchDirectory) throws {
        func openssl(_ line: String) throws {
            let outcome = try Command.run(
                ["openssl"] + line.split(separator: " ").map(String.init),
                of: URL(fileURLWithPath: "/usr/bin/env"), in: scratch.path)
            guard outcome.code == 0 else {
                throw Problem(complaint: "openssl \(line): \(outcome.errors)")
            }
        }
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        try openssl("req -x509 \(key) -keyout ca.key -out ca.pem -subj /CN=authority -days 2")
        for name in ["server", "client"] {
            try openssl(
                "req \(key) -keyout \(name).key -out \(name).csr -subj /CN=\(name) -addext subjectAltName=IP:127.0.0.1"
            )
            try openssl(
                "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -out \(name).pem -days 2 -copy_extensions copy"
            )
        }
    }
}
