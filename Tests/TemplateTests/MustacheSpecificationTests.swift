import Foundation
import JSON
import Testing

@testable import Template

/// The specification's own tests (github.com/mustache/spec) are not part of this project.
/// Where they are: `OUTSPOOL_CONFORMANCE`, or `shared/conformance` beside the project's folder.
private let conformance: URL = {
    if let path = ProcessInfo.processInfo.environment["OUTSPOOL_CONFORMANCE"] { return URL(fileURLWithPath: path) }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appendingPathComponent("shared/conformance")
}()
private let folder = conformance.appendingPathComponent("mustache")

/// The least number of tests in each of the files, so that a file cut short is noticed.
private let modules = [
    ("comments", 12), ("delimiters", 14), ("interpolation", 40), ("inverted", 22), ("partials", 12), ("sections", 34),
    ("~inheritance", 27),
]

@Suite("Mustache specification")
struct MustacheSpecificationTests {
    @Test(
        "Renders as the specification says",
        .enabled(
            if: FileManager.default.fileExists(atPath: folder.path),
            "skipped: set OUTSPOOL_CONFORMANCE to a folder that has the specification's tests in mustache/"),
        arguments: modules)
    func conforms(module: String, least: Int) throws {
        let bytes = try Data(contentsOf: folder.appendingPathComponent("\(module).json"))
        let tests = try #require(try JSON(parsing: Array(bytes)).object?["tests"]?.array)
        #expect(tests.count >= least)
        for test in tests {
            let test = try #require(test.object)
            let name = try #require(test["name"]?.string)
            let source = try #require(test["template"]?.string)
            let expected = try #require(test["expected"]?.string)
            var partials: [String: Mustache] = [:]
            for partial in test["partials"]?.object?.members ?? [] {
                partials[partial.name] = try Mustache(parsing: partial.value.string ?? "", file: partial.name)
            }
            let template = try Mustache(parsing: source, file: name)
            let rendered = try template.rendered(try #require(test["data"]), partials: partials, escape: .html)
            #expect(String(decoding: rendered, as: UTF8.self) == expected, "\(module): \(name)")
        }
    }
}
