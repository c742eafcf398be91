/// The one of `known` that `text` was most likely meant to be, `nil` if none is close.
///
/// Close is at most a third of the longer word away, by insertions, deletions, replacements and
/// swaps of neighbours.
package func nearest(to text: String, among known: [String]) -> String? {
    // A longer text is close to nothing we know, and comparing it would only take time.
    guard text.utf8.count <= 200 else { return nil }
    let ranked = known.map { (name: $0, distance: editDistance(text, $0)) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance * 3 <= max(text.count, best.name.count) ? best.name : nil
}

/// Optimal string alignment distance.
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.lowercased())
    let b = Array(b.lowercased())
    var rows = [Array(0...b.count)]
    for i in 1..<(a.count + 1) {
        var row = [i]
        for j in 1..<(b.count + 1) {
            let replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, replaced)
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                best = min(best, rows[i - 2][j - 2] + 1)
            }
            row.append(best)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
