internal import Foundation
internal import Measure
internal import Server

/// What `dstune ctl` prints for people.
enum CtlText {
    static func storage(_ info: StorageInfo) -> String {
        var text = "engine \(info.engine), acknowledge \(info.acknowledge), sync \(info.sync)\n"
        text += "queue \(info.queueDepth) messages, lost \(info.lostMessages)\n\n"
        var rows = [
            [
                "DB/Shard", "Generation", "Since", "Until", "Streams", "L0 files", "SST",
                "Memtables", "Pending",
            ]
        ]
        for shard in info.shards {
            rows.append([
                "messages/\(shard.shard)", "all \(shard.generations.count)", "", "",
                "\(shard.generations.reduce(0) { $0 + $1.streams })", "\(shard.l0Files)",
                size(shard.sstBytes), size(shard.memtableBytes),
                size(shard.pendingCompactionBytes),
            ])
            for generation in shard.generations {
                rows.append([
                    "", "\(generation.generation)", time(generation.sinceMs),
                    generation.untilMs.map(time) ?? "now", "\(generation.streams)",
                    "\(generation.l0Files)", size(generation.sstBytes), "", "",
                ])
            }
        }
        text += table(rows) + "\n"
        text += "Stall time of writers, all shards: \(seconds(info.stallSeconds))\n"
        for shard in info.shards { text += stalls(of: shard) }
        return text
    }

    /// One line, whatever there was: who looks for stalls should also find that there are none.
    private static func stalls(of shard: StorageInfo.Shard) -> String {
        let count = shard.stalls.reduce(0) { $0 + $1.count }
        let now =
            shard.isWriteStopped
            ? "writes are stopped now"
            : shard.delayedWriteRateBytes > 0
                ? "writes are held to \(size(shard.delayedWriteRateBytes))/s now"
                : "writes are not held back"
        var text = "messages/\(shard.shard) stalls: \(count), \(now)"
        for stall in shard.stalls where stall.count > 0 {
            text += "; \(stall.condition) by \(stall.reason) \(stall.count) times, "
            text += seconds(stall.seconds)
        }
        return text + "\n"
    }

    static func sessions(_ page: SessionPage) -> String {
        var rows = [
            [
                "Client id", "Connected", "Durable", "Expiry", "Subscriptions", "Inflight",
                "Waiting",
            ]
        ]
        for session in page.sessions {
            rows.append([
                session.clientId, session.isConnected ? "yes" : "no",
                session.isDurable ? "yes" : "no", expiry(session.expiryS),
                "\(session.subscriptions)", "\(session.inflight)", "\(session.waiting)",
            ])
        }
        var text = table(rows)
        if let next = page.next { text += "more: dstune ctl sessions --from \(next)\n" }
        return text
    }

    static func session(_ detail: SessionDetail) -> String {
        let session = detail.session
        var text = table([
            ["client id", session.clientId],
            ["connected", session.isConnected ? "yes" : "no"],
            ["durable", session.isDurable ? "yes" : "no"],
            ["protocol", "\(session.version)"],
            ["expiry", expiry(session.expiryS)],
            ["created", time(UInt64(clamping: session.createdMs))],
            ["inflight", "\(session.inflight)"],
            ["waiting", "\(session.waiting)"],
            ["QoS 2 not released", "\(session.awaitingRelease)"],
        ])
        text += "\n"
        text += table(
            [["Filter", "QoS", "Durable"]]
                + detail.subscriptions.map {
                    [$0.filter, "\($0.qos)", $0.isDurable ? "yes" : "no"]
                })
        return text
    }

    static func metrics(_ readings: [MetricReading]) -> String {
        readings.map { reading in
            let labels = reading.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let value = Int64(exactly: reading.value).map { "\($0)" } ?? "\(reading.value)"
            return reading.name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}")
                + " : \(value)\n"
        }.joined()
    }

    static func status(_ status: BrokerStatus) -> String {
        var text = status.state + "\n"
        if let engine = status.engine, let acknowledge = status.acknowledge, let sync = status.sync,
            let version = status.version, let rocksdb = status.rocksdb
        {
            text += "dstune \(version), RocksDB \(rocksdb), engine \(engine), "
            text += "acknowledge \(acknowledge), sync \(sync)\n"
        }
        return text
    }

    /// Columns as wide as what is in them; control characters of client ids and filters shown as escapes, so
    /// that a client cannot write to the operator's terminal.
    private static func table(_ rows: [[String]]) -> String {
        let rows = rows.map { $0.map(printable) }
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let line = row.enumerated().map { column, cell in
                cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
        }.joined()
    }

    private static func printable(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                "\\u{" + String(scalar.value, radix: 16) + "}"
            default: String(scalar)
            }
        }.joined()
    }

    private static func size(_ bytes: UInt64) -> String { Bytes(bytes).description }

    private static func seconds(_ seconds: Double) -> String {
        String(format: "%.3f s", seconds)
    }

    private static func expiry(_ seconds: Int) -> String {
        seconds == Int(UInt32.max) ? "never" : "\(seconds) s"
    }

    private static func time(_ milliseconds: UInt64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(.iso8601)
    }
}
