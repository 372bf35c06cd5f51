internal import JSON
internal import Spool
internal import Text
@testable internal import Template
internal import Time

/// What is written of a value is read as the same value, and nothing that was cut off is a whole one.
func fuzzJSON(_ input: [UInt8]) {
    let space: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
    let value: JSON
    do { value = try JSON(parsing: input) } catch {
        must(error.line >= 1 && error.column >= 1 && error.column <= input.count + 1, "an error's place is in the text")
        if let (_, end) = try? JSON.prefix(of: input) {
            must(input[end...].contains { !space.contains($0) }, "a whole value is one")
        }
        return
    }
    let written = value.encoded
    must((try? JSON(parsing: written))?.encoded == written, "written and read, the value is the same")
    must(!written.contains(0x0A), "a value is written in one line")
    let withTail = written + [0x0A] + "{\"event\":".utf8
    let prefix = try? JSON.prefix(of: withTail)
    must(prefix?.end == written.count && prefix?.value.encoded == written, "what follows a value changes nothing")
    let shown = printableJSON(value.text)
    must(shown.unicodeScalars.allSatisfy(\.isPrintable), "for people, nothing in it moves a cursor")
    must((try? JSON(parsing: shown))?.encoded == written, "for people, it is the same value")
    switch value {
    case .object, .array, .string:
        let end = input.lastIndex { !space.contains($0) } ?? 0
        for cut in [end, end / 2, end - end / 4] {
            must((try? JSON(parsing: Array(input[..<cut]))) == nil, "a torn value is none")
        }
    default: break
    }
}

func fuzzBase64(_ input: [UInt8]) {
    must(Base64.decode(Base64.encode(input), .exact) == input, "decoded, it is what was encoded")
    if let bytes = Base64.decode(input, .exact) {
        must(Base64.encode(bytes) == input, "one text for the same bytes")
        must(Base64.decode(input, .lenient) == bytes, "to be lenient changes nothing that is exact")
    }
    _ = Base64.decode(input, .lenient)
}

func fuzzTime(_ input: [UInt8]) {
    let parts = input.parts(2).map(\.text)
    let span = Span(parts[1])
    if let span {
        must(span >= .zero, "a configured length of time is not negative")
        must(span.approximate.unicodeScalars.allSatisfy(\.isPrintable), "its text is one line")
    }
    guard let time = Timestamp(rfc3339: parts[0]) else { return }
    let again = Timestamp(rfc3339: time.rfc3339)
    must(
        again != nil && again! <= time && time - again! < .milliseconds(1),
        "written and read, it is the same millisecond")
    must(Timestamp(rfc3339: time.rfc3339Seconds)?.seconds == time.seconds, "written to the second, it is the same")
    must(time.day.utf8.count == 10 && time.compact.utf8.count == 16, "days and ids have one length")
    must(JobID("\(time.compact)-0123456789") != nil, "an id can be made of it")
    if let span {
        must(time + span >= time && time - span <= time, "time passes in one direction")
    }
}

/// No name leads out of its directory, is hidden, or needs quoting.
func fuzzNames(_ input: [UInt8]) {
    let text = input.text
    func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 200 && name.utf8.first != UInt8(ascii: ".")
            && !name.utf8.contains { $0 <= 0x20 || $0 >= 0x7F || $0 == UInt8(ascii: "/") }
    }
    if let id = JobID(text) {
        must(id.text.utf8.elementsEqual(text.utf8) && isPlain(id.text), "an id is its file's name")
        if let copy = id.from(dropBox: "shop") { must(isPlain(copy.text), "and in a drop box, too") }
    }
    if isTemplateName(text) { must(isPlain(text), "a template's name is its folder's") }
    for tag in LanguageTag.fallbacks(for: text) { must(isPlain(tag.text), "a locale is part of a file's name") }
    must(printable(text).unicodeScalars.allSatisfy(\.isPrintable), "nothing in it moves a cursor")
}
