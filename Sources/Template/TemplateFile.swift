internal import Text

/// A file of a template that is neither Mustache nor about it: an image, a document.
package struct TemplateFile: Equatable, Sendable {
    /// Without a folder.
    package let name: String
    package let bytes: [UInt8]
    /// Where it was found.
    let path: String

    /// How many bytes the files of one template have together.
    static let sizeLimit = 10 << 20

    private static let parts: Set = [
        "template.conf", "schema.json", "sample.json", "run", "data", "view.schema.json", "view.sample.json",
    ]

    /// Why a file of that name cannot be sent; nil if it can.
    static func refusal(of name: String) -> String? {
        if name.isEmpty || name.begins(with: ".") || name.utf8.count > 255 || name.utf8.contains(UInt8(ascii: "/"))
            || name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        {
            return "not the plain name of a file"
        }
        if name.ends(with: ".mustache") || parts.contains(name) {
            return "a part of the template, which is not sent"
        }
        return nil
    }
}
