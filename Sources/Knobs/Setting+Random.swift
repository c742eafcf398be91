package import Measure

extension Setting {
    /// A random setting that breaks no constraint: `knobs` are drawn from their ranges, each valid
    /// combination as likely as the other, everything else is as in `control`.
    ///
    /// If the values that `control` fixes leave no valid combination to find, the answer is
    /// `control`.
    /// - Precondition: `control` breaks no constraint.
    package static func random(
        over knobs: [Knob], control: Setting, using seed: inout Seed
    ) -> Setting {
        precondition(control.violations.isEmpty)
        // With everything drawn two of three combinations are valid; a control at the edge of its
        // range may leave one in fifty.
        for _ in 0..<1_000 {
            var setting = control
            for knob in knobs { setting[knob] = knob.range.draw(using: &seed) }
            if setting.violations.isEmpty { return setting }
        }
        return control
    }
}
