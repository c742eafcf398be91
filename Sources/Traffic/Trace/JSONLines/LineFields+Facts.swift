extension LineFields {
    /// The members of a line of facts.
    mutating func facts() throws(FieldFault) -> TraceFacts {
        var tally = FrameTally()
        if let first = take("first_time"), let last = take("last_time") {
            guard case .string(let first) = first, case .string(let last) = last,
                let first = TimeText.parse(iso: first), let last = TimeText.parse(iso: last)
            else { throw fault("first_time", "is no time", "leave the line out") }
            (tally.firstTime, tally.lastTime) = (first, last)
        }
        var counters = try object("counters") ?? LineFields([])
        for (name, place) in FrameTally.counters {
            tally[keyPath: place] = try counters.size(name)
        }
        var captures: [CaptureSummary] = []
        for value in try list("captures") ?? [] {
            guard case .object(let members) = value else {
                throw fault("captures", "holds \(value.kind)", "leave the line out")
            }
            var fields = LineFields(members, in: "captures.")
            captures.append(
                CaptureSummary(
                    path: try fields.text("path") ?? "", format: try fields.text("format") ?? "",
                    compression: try fields.text("compression") ?? "",
                    linkType: try fields.text("link_type") ?? "",
                    frames: try fields.size("frames"), bytes: try fields.size("bytes"),
                    isCutOff: try fields.flag("cut_off")))
        }
        for value in try list("notes") ?? [] {
            if case .string(let note) = value { tally.notes.append(note) }
        }
        for value in try list("places") ?? [] {
            guard case .object(let members) = value else { continue }
            var fields = LineFields(members, in: "places.")
            let name = try fields.text("trouble") ?? ""
            let place = FramePlace(
                capture: try fields.size("capture"), frame: try fields.size("frame"),
                offset: try fields.size("offset"))
            tally.set(place, ofTroubleNamed: name)
        }
        return TraceFacts(captures, tally)
    }

    /// A counter, small enough that the sum of any believable number of them is one too.
    private mutating func size(_ name: String) throws(FieldFault) -> Int {
        let size: Int = try number(name) ?? 0
        guard 0...(1 << 53) ~= size else { throw fault(name, "is \(size)", "leave the line out") }
        return size
    }
}
