/// Reads captures that belong together as one: frame by frame in the order of their times, whatever file
/// they are in, and hands every frame to a decoder.
///
/// Only files that overlap in time are open together, at most `openLimit`.
struct CaptureReader {
    /// By first frame.
    private var waiting: [Waiting] = []
    /// Captures that are being read, in the order in which they were opened.
    private var open: [CaptureSource] = []
    /// What there is to say of the files beside their frames.
    private(set) var notes: [String] = []

    private struct Waiting {
        let path: String
        /// Of its first frame; the end of time if it has none.
        let time: Int64
        /// Kept open from the first look at it, since it cannot be opened twice or there are few.
        let source: CaptureSource?
    }

    /// A window each, and what a decompressor needs: 8 MiB for the usual zstd, so 140 MB at the worst.
    static let openLimit = 16

    /// Looks at the first frame of each.
    init(_ entries: [SourceList.Entry]) throws(CaptureError) {
        for entry in entries {
            let source = try CaptureSource(try entry.open())
            let isKept = !source.canReopen || entries.count <= Self.openLimit
            waiting.append(
                Waiting(
                    path: source.path, time: source.nextTime ?? .max,
                    source: isKept ? source : nil))
        }
        // Rotated files are often named in another order. Stable, so that captures without frames or with
        // one time stay as they were given.
        waiting = waiting.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    /// - Returns: what was read, oldest first.
    mutating func read<Observer: TrafficObserver>(
        into decoder: inout Decoder<Observer>
    ) throws(CaptureError) -> [CaptureSummary] {
        var summaries: [(number: Int, summary: CaptureSummary)] = []
        decoder.isMerging = waiting.count > 1
        var number = 0
        while true {
            while number < waiting.count, open.count < Self.openLimit,
                open.allSatisfy({ waiting[number].time <= $0.nextTime ?? .max })
            {
                let source = try Self.opened(waiting[number])
                source.number = number
                // The look at it is over: what it needed must not stay.
                waiting[number] = Waiting(
                    path: source.path, time: waiting[number].time, source: nil)
                open.append(source)
                number += 1
            }
            guard let (first, second) = earliest() else { break }
            let next = number < waiting.count ? waiting[number].time : .max
            if next < second, open.count == Self.openLimit { noteCrowd() }
            try open[first].run(
                until: open.count < Self.openLimit ? min(second, next) : second, into: &decoder)
            guard decoder.listener.observer.wantsMore else {
                summaries += open.map { ($0.number, $0.summary) }
                break
            }
            if open[first].nextTime == nil {
                let source = open.remove(at: first)
                summaries.append((source.number, source.summary))
            }
        }
        decoder.finish()
        return summaries.sorted { $0.number < $1.number }.map(\.summary)
    }

    private static func opened(_ waiting: Waiting) throws(CaptureError) -> CaptureSource {
        if let source = waiting.source { return source }
        return try CaptureSource(CaptureInput(path: waiting.path))
    }

    /// The open capture whose frame is due, and when that of another is; nil if none is open.
    private func earliest() -> (first: Int, secondTime: Int64)? {
        var (first, time, second) = (-1, Int64.max, Int64.max)
        for (index, source) in open.enumerated() {
            let next = source.nextTime ?? .max
            if first < 0 || next < time {
                if first >= 0 { second = min(second, time) }
                (first, time) = (index, next)
            } else {
                second = min(second, next)
            }
        }
        return first < 0 ? nil : (first, second)
    }

    private mutating func noteCrowd() {
        let note =
            "more than \(Self.openLimit) captures overlap in time: they were not all read in the order of time"
        if !notes.contains(note) { notes.append(note) }
    }
}
