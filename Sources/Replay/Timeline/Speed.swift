/// How fast recorded time passes.
package enum Speed: Hashable, Sendable {
    case times(Double)
    /// As fast as the target takes it: each step is due when the one before is done.
    case max

    /// Reads "10", "10x", "0.5" and "max"; nil for anything else.
    package init?(parsing text: String) {
        if text == "max" {
            self = .max
            return
        }
        let number = text.hasSuffix("x") ? text.dropLast() : text[...]
        guard let speed = Double(number), speed > 0, speed <= 1e6 else { return nil }
        self = .times(speed)
    }
}
