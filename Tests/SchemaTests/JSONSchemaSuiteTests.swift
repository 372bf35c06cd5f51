import Foundation
import JSON
import Testing

@testable import Schema

/// The official tests (github.com/json-schema-org/JSON-Schema-Test-Suite, draft2020-12) are not
/// part of this project. Where they are: `OUTSPOOL_CONFORMANCE`, or `shared/conformance` beside
/// the project's folder.
private let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["OUTSPOOL_CONFORMANCE"] {
        return URL(fileURLWithPath: path).appendingPathComponent("json-schema")
    }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appendingPathComponent("shared/conformance/json-schema")
}()

@Suite("JSON Schema test suite")
struct JSONSchemaSuiteTests {
    @Test(
        "Judges as the suite says, wherever it uses supported keywords only",
        .enabled(
            if: FileManager.default.fileExists(atPath: folder.path),
            "skipped: set OUTSPOOL_CONFORMANCE to a folder that has the suite's files in json-schema/"))
    func conforms() throws {
        var ran: [String: Int] = [:]
        var leftOut: [String: Int] = [:]
        for file in try files() {
            let bytes = try Data(contentsOf: file)
            for group in try #require(try JSON(parsing: Array(bytes)).array) {
                let name = "\(file.lastPathComponent): \(group.object?["description"]?.string ?? "")"
                let tests = try #require(group.object?["tests"]?.array)
                let document = try #require(group.object?["schema"])
                if let keyword = unsupportedKeyword(in: document) {
                    leftOut[keyword, default: 0] += tests.count
                    continue
                }
                let schema = try Schema(parsing: document)
                for test in tests {
                    let value = try #require(test.object?["data"])
                    let isValid = try #require(test.object?["valid"]?.bool as Bool?)
                    let violations = schema.validate(value)
                    let description = test.object?["description"]?.string ?? ""
                    #expect(violations.isEmpty == isValid, "\(name): \(description): \(violations)")
                    ran[file.deletingPathExtension().lastPathComponent, default: 0] += 1
                }
            }
        }
        let total = ran.values.reduce(0, +)
        print("JSON Schema test suite: \(total) tests ran, by keyword: \(listed(ran))")
        print("JSON Schema test suite: left out, by the keyword that is not supported: \(listed(leftOut))")
        // A file cut short, or a keyword no longer supported, would show here.
        #expect(total >= 690)
    }

    private func listed(_ counts: [String: Int]) -> String {
        let words = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return words.isEmpty ? "none" : words.joined(separator: ", ")
    }

    private func files() throws -> [URL] {
        let subfolder = folder.appendingPathComponent("format")
        return try [folder, subfolder].flatMap { folder in
            try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
                .filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }
        }
    }

    /// Found without the compiler, so that its faults are not taken for what is left out.
    private func unsupportedKeyword(in schema: JSON) -> String? {
        guard case .object(let object) = schema else { return nil }
        for (name, value) in object.members {
            if Keyword.unsupported.contains(name) { return name }
            let inside: [JSON] =
                switch name {
                case "properties", "$defs": value.object?.members.map(\.value) ?? []
                case "allOf", "anyOf", "oneOf": value.array ?? []
                case "items", "additionalProperties": [value]
                default: []
                }
            for schema in inside {
                if let keyword = unsupportedKeyword(in: schema) { return keyword }
            }
        }
        return nil
    }
}
