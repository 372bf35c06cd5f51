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
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``text``. Five lines are written for each mail, piece by piece, as bytes: a string that grows takes twice
    /// as long, and interpolation and lists of strings six times.
    func write(to line: inout [UInt8]) {
        switch self {
        case .address(let text):
            line.append(UInt8(ascii: "<"))
            // By octets: a mark behind the bracket does not hide it.
            if text.utf8.contains(UInt8(ascii: ">")) {
                line.write(printable(text).pieces(at: ">").joined(separator: "\\u{3e}"))
            } else {
                line.writePrintable(text)
            }
            line.append(UInt8(ascii: ">"))
        case .word(let text): line.writePrintable(text)
        case .count(let number): line.write(number)
        case .seconds(let number): line.write(LogValue.short(number))
        case .spans(let numbers):
            for (index, number) in numbers.enumerated() {
                if index > 0 { line.append(UInt8(ascii: "/")) }
                line.write(LogValue.short(number))
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

extension [UInt8] {
    /// Appends the text's bytes. Not by way of a collection: a text of up to 15 bytes lies in the value itself.
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { append(contentsOf: $0) }
    }

    /// Appends the text as ``printable(_:)`` has it.
    mutating func writePrintable(_ text: String) {
        var text = text
        let isPlain = text.withUTF8 { bytes in
            for byte in bytes where byte < 0x20 || byte >= 0x7F { return false }
            append(contentsOf: bytes)
            return true
        }
        if !isPlain { write(printable(text)) }
    }

    /// Appends the number's digits.
    mutating func write(_ number: Int) {
        guard number >= 0 else { return write(String(number)) }
        let start = count
        var rest = number
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
