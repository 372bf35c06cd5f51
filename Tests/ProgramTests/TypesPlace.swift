import Foundation
import Scratch
import Testing

/// The repository's own files.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardizedFileURL

/// A place with the repository's sample templates, and what is made of them.
func sampleShop() throws -> Workplace {
    let place = try Workplace()
    let templates = repository.appending(path: "etc/templates")
    try FileManager.default.removeItem(at: place.root.appending(path: "templates"))
    try FileManager.default.copyItem(at: templates, to: place.root.appending(path: "templates"))
    return place
}

extension Workplace {
    /// Where types are made.
    var types: String { root.appending(path: "types").path }

    @discardableResult
    func makeTypes(_ language: String, _ more: String...) throws -> Ran {
        try outspool(
            arguments: [
                "types", "--lang", language, "--templates", root.appending(path: "templates").path,
                "--output", types,
            ] + more)
    }

    func outspool(arguments: [String]) throws -> Ran {
        try run(Program.built("outspool").path, arguments)
    }

    /// Puts the schemas of the zoo and the job of `everything` into templates.
    func fillZoo() throws {
        for (name, schema) in typeZoo.merging(["everything": ZooJob.schema, "no-schema": ""], uniquingKeysWith: { $1 })
        {
            try write("templates/\(name)/subject.mustache", "\(name)\n")
            try write("templates/\(name)/text.mustache", "\(name)\n")
            if !schema.isEmpty { try write("templates/\(name)/schema.json", schema) }
        }
    }

    var environment: [String: String] { ["OUTSPOOL_SPOOL": spool.path] }

    func params(_ id: String) throws -> NSDictionary {
        let object =
            try JSONSerialization.jsonObject(
                with: Data(text(try file(id)).split(separator: "\n")[0].utf8)) as? [String: Any]
        return try #require(object?["params"] as? NSDictionary)
    }
}
