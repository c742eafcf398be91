extension JSONText {
    /// A line that holds what is known beside the events.
    mutating func write(_ facts: TraceFacts) {
        open()
        member("type", LineType.facts.rawValue)
        if facts.tally.firstTime <= facts.tally.lastTime {
            member("first_time", TimeText.iso(facts.tally.firstTime))
            member("last_time", TimeText.iso(facts.tally.lastTime))
        }
        name("counters")
        open()
        for (name, place) in FrameTally.counters {
            self.name(name)
            value(facts.tally[keyPath: place])
        }
        close()
        name("captures")
        list { list in
            for capture in facts.captures {
                list.open()
                list.member("path", capture.path)
                list.member("format", capture.format)
                list.member("compression", capture.compression)
                list.member("link_type", capture.linkType)
                list.member("frames", capture.frames)
                list.member("bytes", capture.bytes)
                list.flag("cut_off", capture.isCutOff)
                list.close()
            }
        }
        name("notes")
        list { list in for note in facts.tally.notes { list.value(note) } }
        name("places")
        list { list in
            for trouble in FrameTally.Trouble.allCases {
                guard let place = facts.tally.place(of: trouble) else { continue }
                list.open()
                list.member("trouble", trouble.fileName)
                list.member("capture", place.capture)
                list.member("frame", place.frame)
                list.member("offset", place.offset)
                list.close()
            }
        }
    }
}
