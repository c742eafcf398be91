/// A picture that gnuplot draws: a script and the data it reads, as text.
package struct Plot: Equatable, Sendable {
    /// Of the files: `latency` becomes `latency.gp`, `latency-….dat` and `latency.svg`.
    package let name: String
    package let title: String
    /// How to read it, below the picture.
    package let caption: String
    package let script: String
    /// File name to content.
    package let data: [String: String]

    package static func all(_ input: ReportInput, samples: [Int: Samples]) -> [Plot] {
        [latency(input), timeline(input, samples: samples), knobs(input)].compactMap { $0 }
    }

    /// Colours that stay apart for colour-blind readers and in grey (Okabe and Ito 2008).
    static let colours = ["#000000", "#0072B2", "#D55E00"]

    static func preamble(_ name: String, width: Int, height: Int) -> String {
        """
        set terminal svg size \(width),\(height) font "DejaVu Sans,Helvetica,Arial,sans-serif,14" \
        background "white" linewidth 1.5
        set encoding utf8
        set output "\(name).svg"
        set datafile separator "\\t"
        set grid lc rgb "#dddddd" lt 1 lw 0.5
        set border lc rgb "#444444"
        set key top left reverse Left

        """
    }

    /// A string of gnuplot in double quotes, shown as it is.
    static func quoted(_ text: String) -> String {
        var safe = ""
        for character in text {
            switch character {
            case "\\", "\"": safe += "\\\(character)"
            // Markup of gnuplot's enhanced text.
            case "_", "^", "@", "&", "~", "{", "}": safe += "\\\\\(character)"
            case _ where character.isNewline: safe += " "
            default: safe.append(character)
            }
        }
        return "\"\(safe)\""
    }
}
