import Foundation
import HOCON
import Knobs
import Testing

/// Files as an operator gets them. `RECORD_GOLDEN=1 swift test` writes them anew; read the
/// difference before committing it.
enum Golden {
    static let setting = Setting([
        "write_buffer_size": 128 << 20, "max_background_jobs": 6,
        "level0_slowdown_writes_trigger": 32, "level0_stop_writes_trigger": 48,
        "max_write_buffer_number": 4, "n_shards": 8, "local_write_buffer.max_items": 500,
        "local_write_buffer.flush_interval": 20, "local_write_buffer.max_bytes": 1 << 20,
        "transaction.flush_interval": 20, "write_buffer_manager": 512 << 20,
        "background_threads_high": 4, "background_threads_low": 8, "bytes_per_sync": 1 << 20,
        "block_cache": 512 << 20, "max_open_files": 1_024, "compression": 4, "allow_fallocate": 0,
        "recycle_log_file_num": 4,
    ])

    static let header = ["Written by a test of dstune."]

    static var files: [String: String] {
        var files = ["emqx-style.conf": setting.emqxStyleConf(header: header).rendered()]
        for dialect in Dialect.catalogue {
            func render(newDatabase: Bool) -> String {
                dialect.emqxConf(
                    from: Setting(), to: setting, header: header, newDatabase: newDatabase
                ).rendered()
            }
            files["emqx-\(dialect.id).conf"] = render(newDatabase: false)
            guard dialect.id == "5.8-ce" else { continue }
            files["emqx-5.8-ce-new-database.conf"] = render(newDatabase: true)
            files["rollback-5.8-ce.conf"] =
                dialect.rollbackConf(from: Setting(), to: setting, header: header).rendered()
        }
        return files
    }

    static func check(_ text: String, against name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Golden").appending(path: name)
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try text == String(contentsOf: file, encoding: .utf8), "\(name) changed")
    }
}
