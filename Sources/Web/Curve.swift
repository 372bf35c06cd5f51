/// A row of numbers as a drawn curve: SVG, without style of its own.
package struct Curve {
    package struct Line {
        /// The class of the line, which the style sheet colours, and its name for people.
        package let name: String
        package let values: [Int]

        package init(_ name: String, _ values: [Int]) {
            self.name = name
            self.values = values
        }
    }

    private static let (width, height) = (720, 120)

    /// The lines share their scale, from 0 to the greatest value. Empty for lines without two values.
    /// - Parameter title: what is read out instead of the drawing.
    package static func svg(_ lines: [Line], title: String) -> HTML {
        let most = lines.flatMap(\.values).max() ?? 0
        guard lines.contains(where: { $0.values.count > 1 }) else { return .none }
        let drawn = lines.map { line -> HTML in
            let step = Double(width) / Double(max(line.values.count - 1, 1))
            let points = line.values.enumerated().map { index, value in
                let height = Double(value) / Double(max(most, 1)) * Double(Curve.height - 8)
                return "\(tenths(Double(index) * step)),\(tenths(Double(Curve.height - 4) - height))"
            }
            return "<polyline class=\"\(line.name)\" points=\"\(points.joined(separator: " "))\"/>"
        }
        return """
            <svg class="curve" viewBox="0 0 \(width) \(Curve.height)" preserveAspectRatio="none" role="img" \
            aria-label="\(title)"><line x1="0" x2="\(width)" y1="\(Curve.height - 4)" y2="\(Curve.height - 4)"/>\(drawn)</svg>
            """
    }

    /// One digit behind the point.
    private static func tenths(_ value: Double) -> String {
        let whole = Int((value * 10).rounded())
        return "\(whole / 10).\(whole % 10)"
    }
}
