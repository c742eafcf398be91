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
        var setting = control
        for knob in knobs { setting[knob] = knob.range.draw(using: &seed) }
        // What constraints tie together is drawn again as one until it is valid, and what is valid
        // stays: the same distribution as drawing everything again, in far fewer draws. A control at
        // the edge of its range may leave one combination of fifty.
        for _ in 0..<1_000 {
            let broken = Set(setting.violations.flatMap(\.knobs))
            guard !broken.isEmpty else { return setting }
            let again = Constraint.tied(to: broken)
            for knob in knobs where again.contains(knob.id) {
                setting[knob] = knob.range.draw(using: &seed)
            }
        }
        return control
    }
}
