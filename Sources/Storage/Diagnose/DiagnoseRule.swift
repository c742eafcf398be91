/// A finding that needs no capture: what it looks for in a diagnosis, and what to do about it.
struct DiagnoseRule: Sendable {
    /// What a rule found: how much of it, and a few places.
    struct Match {
        var count: Int
        var examples: [String] = []
        var severity: Diagnosis.Finding.Severity
    }

    let id: String
    let advice: String
    let look: @Sendable ([ShardDiagnosis], Diagnosis.Summary) -> Match?

    /// Most serious first.
    static func findings(
        _ shards: [ShardDiagnosis], _ total: Diagnosis.Summary
    ) -> [Diagnosis.Finding] {
        let all = catalogue.compactMap { rule in
            rule.look(shards, total).map {
                Diagnosis.Finding(
                    rule: rule.id, severity: $0.severity, count: $0.count,
                    examples: Array($0.examples.prefix(3)), advice: rule.advice)
            }
        }
        return [Diagnosis.Finding.Severity.error, .warning, .info].flatMap { severity in
            all.filter { $0.severity == severity }
        }
    }
}
