/// Prometheus' text format, version 0.0.4: families of samples, each with its help and type.
package struct Exposition {
    package private(set) var text = ""

    package enum Kind: String { case counter, gauge, histogram }
    package typealias Labels = [(name: String, value: String)]

    package init() {}

    /// A family of samples. One without samples is left out: a family says nothing then.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: [(Labels, Double)]) {
        guard !samples.isEmpty else { return }
        head(name, kind, help)
        for (labels, value) in samples { sample(name, labels, value) }
    }

    /// A family of histograms, each with its labels.
    package mutating func histograms(_ name: String, _ help: String, _ histograms: [(Labels, Histogram)]) {
        guard !histograms.isEmpty else { return }
        head(name, .histogram, help)
        for (labels, histogram) in histograms {
            var sum = 0
            for (bound, count) in zip(histogram.bounds, histogram.counts) {
                sum += count
                sample("\(name)_bucket", labels + [("le", Exposition.number(bound))], Double(sum))
            }
            sample("\(name)_bucket", labels + [("le", "+Inf")], Double(histogram.count))
            sample("\(name)_sum", labels, histogram.sum)
            sample("\(name)_count", labels, Double(histogram.count))
        }
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Exposition.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func sample(_ name: String, _ labels: Labels, _ value: Double) {
        text += name
        if !labels.isEmpty {
            text +=
                "{"
                + labels.map { "\($0.name)=\"\(Exposition.escaped($0.value, quotes: true))\"" }
                .joined(separator: ",") + "}"
        }
        text += " \(Exposition.number(value))\n"
    }

    /// Whole numbers without a fraction.
    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    /// The format's three escapes; what a terminal obeys is shown by its number, since people `cat` the file.
    static func escaped(_ text: String, quotes: Bool) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": shown += "\\\\"
            case "\n": shown += "\\n"
            case "\"" where quotes: shown += "\\\""
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    shown += "\\\\u{" + String(scalar.value, radix: 16) + "}"
                default: shown.unicodeScalars.append(scalar)
                }
            }
        }
        return shown
    }
}
