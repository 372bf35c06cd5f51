import Testing
import Text

@Suite("Comma-separated values")
struct CSVTests {
    /// The records of a text, however it is cut.
    private func records(_ text: String, by size: Int = 1 << 20) throws -> [[String]] {
        var reader = CSVReader()
        var records: [[String]] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try reader.read(bytes[start..<min(start + size, bytes.count)], failing: { $0 }) {
                (record) throws(CSVReader.Fault) in records.append(record.fields)
            }
        }
        try reader.end(failing: { $0 }) { (record) throws(CSVReader.Fault) in records.append(record.fields) }
        return records
    }

    @Test(
        "Records and fields, whatever the chunks",
        arguments: [
            ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
            ("\u{FEFF}a;b\n1;2,3\n", [["a", "b"], ["1", "2,3"]]),
            ("a\tb\n1\t2\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n\"x, \"\"y\"\"\nz\",2\n", [["a", "b"], ["x, \"y\"\nz", "2"]]),
            ("a,b\n,\n\n\"\"\n", [["a", "b"], ["", ""], [""]]),
            ("a,b\n5\" disk,\"x\"y\n", [["a", "b"], ["5\" disk", "xy"]]),
            ("email\nzoe@example.com\n", [["email"], ["zoe@example.com"]]),
            ("", []), ("\n\n", []), ("a", [["a"]]),
        ])
    func reads(text: String, expected: [[String]]) throws {
        for size in [1, 2, 3, 7, 1 << 20] { #expect(try records(text, by: size) == expected) }
    }

    @Test("Records have the numbers of their first lines")
    func lines() throws {
        var reader = CSVReader()
        var lines: [Int] = []
        let text = Array("a\n\n\"b\nc\"\nd\n".utf8)
        try reader.read(text[...], failing: { $0 }) { (record) throws(CSVReader.Fault) in lines.append(record.line) }
        try reader.end(failing: { $0 }) { (record) throws(CSVReader.Fault) in lines.append(record.line) }
        #expect(lines == [1, 3, 5])
    }

    @Test("A mark that is not closed, and a record without an end, are faults with their line")
    func faults() {
        #expect(throws: CSVReader.Fault.self) { try records("a\n\"b\n") }
        #expect(throws: CSVReader.Fault.self) { try records("a\n" + String(repeating: "x", count: 1 << 17)) }
        #expect(throws: CSVReader.Fault.self) { try records(String(repeating: "x", count: 1 << 17)) }
    }

    @Test("What is written is read")
    func writes() throws {
        let fields = ["plain", "a,b", "say \"x\"", "two\nlines", "", "semi;colon"]
        #expect(try records(csvRecord(["a", "b"]) + csvRecord(fields)) == [["a", "b"], fields])
    }
}
