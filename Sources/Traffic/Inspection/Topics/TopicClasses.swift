/// What the topics of recorded traffic are for, as its first reading found, for whoever reads it again.
package struct TopicClasses: Sendable {
    private let topics: Interner
    private let classes: [TopicClass]

    init(_ table: TopicTable, meanPayload: Double) {
        let classifier = TopicClassifier(meanPayload: meanPayload)
        topics = table.topics
        classes = table.tallies.map { classifier.judge($0).topicClass }
    }

    /// Of a topic that was not among those read, its words alone decide.
    package func topicClass(of topic: RawSpan) -> TopicClass {
        topics.known(topic).map { classes[$0] } ?? TopicClass.named(by: topic) ?? .other
    }
}
