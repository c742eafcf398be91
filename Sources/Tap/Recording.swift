internal import Glibc
internal import Measure
internal import Traffic

/// The files of a recording, one after the other.
struct Recording {
    private var traffic: LiveTraffic<TraceWriter>
    private let output: TapConfiguration.Output
    private let rotation: TapConfiguration.Rotation
    private let note: @Sendable (String) -> Void
    private var files: [String]
    /// Of the files that are finished.
    private var bytes = 0
    private var begun = MonotonicTime.now()
    private var flushed = MonotonicTime.now()
    private var isEmpty = true
    /// Bytes heard that the file may not show yet.
    private var unseen = 0
    private var failure: String?
    private var latest: Int64 = 0

    /// A killed recorder loses no more than this.
    private static let flushInterval = Nanoseconds.seconds(1)
    /// How often, at least, it is seen how large a file is until it is full, and bytes between two looks.
    private static let looks = 8
    private static let smallestLook = 4_096

    /// Makes the first file.
    init(
        _ configuration: TapConfiguration, _ note: @escaping @Sendable (String) -> Void
    ) throws(TapError) {
        (output, rotation, self.note) = (configuration.output, configuration.rotation, note)
        let path = try Self.path(output, number: 1)
        do throws(WriteError) {
            traffic = LiveTraffic(TraceWriter(try OutputFile(path: path)))
        } catch { throw TapError(error.description) }
        files = [path]
    }

    mutating func write(_ batch: Intake.Batch) {
        var offset = 0
        for entry in batch.entries {
            latest = max(latest, entry.time)
            switch entry.kind {
            case .opened(let client, let broker):
                traffic.opened(entry.connection, client: client, broker: broker)
            case .received(let direction, let count):
                let bytes = batch.bytes.span.bytes.extracting(offset..<offset + count)
                offset += count
                unseen += count
                traffic.received(bytes, on: entry.connection, direction, at: entry.time)
                isEmpty = false
            case .closed(let ending): traffic.closed(entry.connection, ending, at: entry.time)
            }
            if let size = rotation.size { watch(size) }
        }
        lookAfter()
    }

    /// Ends what is open and gives the last file its name.
    mutating func finish() -> TapSummary {
        traffic.finish(at: latest)
        do throws(WriteError) { try traffic.observer.finish() } catch { fail(error) }
        if failure == nil { bytes += traffic.observer.bytesWritten }
        return TapSummary(
            connections: traffic.mqttConnections, malformedPackets: traffic.malformedPackets,
            bytes: bytes, files: failure == nil ? files : files.dropLast(), failure: failure)
    }

    private mutating func watch(_ size: Int) {
        // A file is not known to be full before its block is written.
        if unseen >= max(size / Self.looks, Self.smallestLook) {
            unseen = 0
            traffic.observer.flush()
        }
        if traffic.observer.bytesWritten >= size { rotate() }
    }

    private mutating func lookAfter() {
        let now = MonotonicTime.now()
        if let seconds = rotation.seconds, !isEmpty, (now - begun).seconds >= seconds { rotate() }
        if now - flushed >= Self.flushInterval {
            flushed = now
            traffic.observer.flush()
        }
        if let problem = traffic.observer.failure { fail(problem) }
    }

    private mutating func rotate() {
        guard failure == nil else { return }
        let path: String
        let file: OutputFile
        do {
            path = try Self.path(output, number: files.count + 1)
            file = try OutputFile(path: path)
        } catch {
            // What there is goes on growing, which is better than nothing.
            note("cannot begin another file: \(error)")
            begun = .now()
            return
        }
        let written = traffic.observer.bytesWritten
        traffic.observer.rotate(to: file)
        guard traffic.observer.failure == nil else { return }
        bytes += written
        files.append(path)
        unseen = 0
        begun = .now()
        isEmpty = true
    }

    /// Clients come first: traffic goes on without being recorded.
    private mutating func fail(_ problem: WriteError) {
        guard failure == nil else { return }
        failure = problem.description
        note("recording has ended, traffic is still passed on: \(problem)")
    }

    private static func path(
        _ output: TapConfiguration.Output, number: Int
    ) throws(TapError) -> String {
        switch output {
        case .file(let path):
            guard number > 1 else { return try free(path) }
            // "day.dstrace", "day-0002.dstrace"
            let dot = path.lastIndex(of: ".") ?? path.endIndex
            return try free(path[..<dot] + "-" + padded(number) + path[dot...])
        case .folder(let folder):
            if mkdir(folder, 0o700) != 0, errno != EEXIST {
                throw TapError(
                    "\(folder): cannot be made (\(String(cString: strerror(errno)))); name another --output"
                )
            }
            var (seconds, time) = (time(nil), tm())
            gmtime_r(&seconds, &time)
            var text = [CChar](repeating: 0, count: 32)
            let count = strftime(&text, text.count, "%Y%m%dT%H%M%SZ", &time)
            let stamp = String(
                decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return try free("\(folder)/traffic-\(stamp)-\(padded(number)).dstrace")
        }
    }

    private static func padded(_ number: Int) -> String {
        let digits = "\(number)"
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    /// Nothing that is there is written over, unless it is a pipe or a device.
    private static func free(_ path: String) throws(TapError) -> String {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
            throw TapError("\(path): is there already; name another --output")
        }
        return path
    }
}
