internal import Glibc

/// Why captures could not be read. Each names the file and the place, and says what to do; all of them
/// are bad input (exit code 2).
package enum CaptureError: Error, Equatable, Sendable {
    case unreadable(path: String, errno: Int32)
    case empty(path: String)
    /// `head` holds the first bytes of the file, at most eight.
    case notACapture(path: String, head: [UInt8])
    /// The compressed data end before they say so; `offset` is in the compressed file.
    case cutCompression(path: String, method: String, offset: Int)
    case damagedCompression(path: String, method: String, offset: Int, why: String)
    /// The container's own header or a block that is no frame; `offset` is in the decompressed file.
    case damagedBlock(path: String, offset: Int, why: String)
    /// `frame` counts from 1, as Wireshark does; `offset` is in the decompressed file.
    case damagedFrame(path: String, frame: Int, offset: Int, why: String)
    /// A line of a TLS key log; counts from 1.
    case damagedKeyLog(path: String, line: Int, why: String)
    /// A folder was named and nothing in it is recorded traffic.
    case noCaptures(folder: String, skipped: [String])
    /// Captures and files that hold decoded packets were named together: one of each.
    case mixedSources(capture: String, events: String)
    /// Every frame was read and no MQTT packet was in them.
    case noMQTT(paths: [String], frames: Int, doubts: [String])
    /// A trace file or lines of JSON.
    case trace(TraceError)
}

extension CaptureError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let code):
            "\(path): cannot be read (\(String(cString: strerror(code)))); check the name and the permissions"
        case .empty(let path):
            "\(path): the file is empty; record again, e.g. `tcpdump -i eth0 -w sensors.pcap port 1883`"
        case .notACapture(let path, let head):
            "\(path): not a pcap or pcapng capture (starts with \(hex(head))\(foreign(head).what)); "
                + foreign(head).advice
        case .cutCompression(let path, let method, let offset):
            "\(path): the \(method) data end at byte \(offset) before they are complete; "
                + "copy the file again, or rescue what is there with `\(rescue(method)) \(path) > rescued.pcap`"
        case .damagedCompression(let path, let method, let offset, let why):
            "\(path): the \(method) data are damaged before byte \(offset) (\(why)); copy the file again"
        case .damagedBlock(let path, let offset, let why):
            "\(path): damaged at byte \(offset): \(why); \(check(path))copy or record it again"
        case .damagedFrame(let path, let frame, let offset, let why):
            "\(path): frame \(frame) at byte \(offset): \(why); the file is damaged there"
                + keep(path, frame - 1)
        case .damagedKeyLog(let path, let line, let why):
            "\(path): line \(line): \(why); give a key log in NSS format (SSLKEYLOGFILE)"
        case .noCaptures(let folder, let skipped):
            "\(folder): no capture is in this folder"
                + (skipped.isEmpty ? "" : " (\(skipped.prefix(3).joined(separator: "; ")))")
                + "; name the folder that tcpdump writes to, folders inside are not entered"
        case .mixedSources(let capture, let events):
            "\(capture) is a capture and \(events) holds packets that were decoded before, which are not read "
                + "together, since a connection that is in both would count twice; if none is, make a trace of the "
                + "captures (`dstune convert \(capture) --output captures.dstrace`) and name that beside \(events)"
        case .noMQTT(let paths, let frames, let doubts):
            "\(paths.joined(separator: ", ")): \(frames) frames hold no MQTT; was it taken on the broker's port?"
                + doubts.map { " (\($0))" }.joined()
        case .trace(let error): error.description
        }
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func check(_ path: String) -> String {
        path == ByteSource.inputName ? "" : "check it with `capinfos \(path)` and "
    }

    private func rescue(_ method: String) -> String { method == "gzip" ? "zcat" : "zstdcat" }

    private func keep(_ path: String, _ frames: Int) -> String {
        frames > 0 && path != ByteSource.inputName
            ? ", keep what is before it with `editcap -r \(path) kept.pcap 1-\(frames)`" : ""
    }

    private func foreign(_ head: [UInt8]) -> (what: String, advice: String) {
        for format in ForeignFormat.all where head.starts(with: format.magic) {
            return (", a \(format.name) file", format.advice)
        }
        return ("", "if it is a capture of another kind, convert it with `editcap -F pcap`")
    }
}

/// A file that people take for a capture, and what makes one of it.
private struct ForeignFormat {
    let name: String
    let magic: [UInt8]
    let advice: String

    static let all = [
        recording("NetXRay", "XCP\0"), recording("snoop", "snoop\0"),
        recording("Sniffer", "TRSNIFF"),
        recording("Network Monitor", "GMBU"), recording("Network Monitor", "RTSS"),
        packed("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz -d"),
        packed("bzip2", Array("BZh".utf8), "bzip2 -d"),
        packed("lz4", [0x04, 0x22, 0x4D, 0x18], "lz4 -d"),
        packed("zip", Array("PK\u{3}\u{4}".utf8), "unzip"),
        packed("7z", [0x37, 0x7A, 0xBC, 0xAF], "7z x"),
    ]

    private static func recording(_ name: String, _ magic: String) -> ForeignFormat {
        ForeignFormat(
            name: name, magic: Array(magic.utf8), advice: "convert it with `editcap -F pcap`")
    }

    private static func packed(_ name: String, _ magic: [UInt8], _ command: String) -> ForeignFormat
    {
        ForeignFormat(name: name, magic: magic, advice: "unpack it with `\(command)`")
    }
}
