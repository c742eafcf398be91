/// A version as people write it: `5.8`, `5.8.9`, `v5.8.9`, `e5.10.4`.
package struct EMQXVersion: Hashable, Sendable {
    package let major: Int
    package let minor: Int
    /// `nil` if only the release line was named.
    package let patch: Int?

    package init(_ major: Int, _ minor: Int, _ patch: Int? = nil) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    package init?(_ text: String) {
        var text = text.trimmingSpaces[...]
        if let first = text.first, "vVeE".contains(first) { text = text.dropFirst() }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.count <= 4 && part.allSatisfy { $0.isASCII && $0.isNumber } ? Int(part) : nil
        }
        guard numbers.count == parts.count, 2...3 ~= numbers.count else { return nil }
        self.init(numbers[0], numbers[1], numbers.count == 3 ? numbers[2] : nil)
    }

    /// How far apart two versions are, for suggestions only.
    func distance(to other: EMQXVersion) -> Int {
        abs(ordinal - other.ordinal)
    }

    private var ordinal: Int { (major * 10_000 + minor) * 10_000 + (patch ?? 0) }
}

/// Patches of one release line that read configuration the same way.
package struct ReleaseRange: Hashable, Sendable {
    package let major: Int
    package let minor: Int
    package let patches: ClosedRange<Int>

    /// The whole line, or from one patch to another.
    package init(_ major: Int, _ minor: Int, _ patches: ClosedRange<Int> = 0...9_999) {
        self.major = major
        self.minor = minor
        self.patches = patches
    }

    func contains(_ version: EMQXVersion) -> Bool {
        version.major == major && version.minor == minor
            && version.patch.map { patches.contains($0) } ?? true
    }

    /// `6.2` for a whole line, else the first patch of the range.
    package var name: String {
        patches == 0...9_999 ? "\(major).\(minor)" : "\(major).\(minor).\(patches.lowerBound)"
    }

    var first: EMQXVersion { EMQXVersion(major, minor, patches.lowerBound) }
}
