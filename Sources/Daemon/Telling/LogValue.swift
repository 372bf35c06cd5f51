internal import JSON
internal import Text

/// A value in a log line about a job: as Postfix writes it, and with its type in JSON.
package enum LogValue: Equatable {
    /// `<a@example.com>`, in JSON without the brackets.
    case address(String)
    case word(String)
    case count(Int)
    /// Seconds, two significant digits below ten.
    case seconds(Double)
    /// Several of those, `0.1/0/0.2`; in JSON an array.
    case spans([Double])

    /// On one line. What ends an address in a log reader's eyes is escaped: a quoted local part may hold `>`, and
    /// behind it what looks like the rest of a line.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// Appends ``text``. Five lines are written for each mail, piece by piece: interpolation and lists of strings take
    /// three times as long.
    func write(to line: inout String) {
        switch self {
        case .address(let text):
            line += "<"
            // By code points: a mark behind the bracket does not hide it.
            line +=
                text.utf8.contains(0x3E)
                ? printable(text).pieces(at: ">").joined(separator: "\\u{3e}") : printable(text)
            line += ">"
        case .word(let text): line += printable(text)
        case .count(let number): line += String(number)
        case .seconds(let number): line += LogValue.short(number)
        case .spans(let numbers):
            for (index, number) in numbers.enumerated() {
                if index > 0 { line += "/" }
                line += LogValue.short(number)
            }
        }
    }

    var json: JSON {
        switch self {
        case .address(let text), .word(let text): .string(text)
        case .count(let number): .number(.init(number))
        case .seconds(let number): .number(.init(text: LogValue.short(number)))
        case .spans(let numbers): .array(numbers.map { .number(.init(text: LogValue.short($0))) })
        }
    }

    /// Two significant digits below ten seconds, as Postfix writes them.
    package static func short(_ seconds: Double) -> String {
        let hundredths = Int((seconds * 100).rounded())
        if hundredths >= 1000 { return String(hundredths / 100) }
        if hundredths >= 100 || hundredths % 10 == 0 {
            let tenths = (hundredths + 5) / 10
            return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(tenths % 10)"
        }
        return hundredths < 10 ? "0.0\(hundredths)" : "0.\(hundredths)"
    }
}
