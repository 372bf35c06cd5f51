internal import Text

extension ContentReferences {
    /// The names that the HTML refers to, each once, in their order: in attributes that name a
    /// resource, in styles, and in comments, which have conditions for some readers.
    package static func names(in html: String) -> [String] {
        // Most HTML has none, and need not be taken apart.
        let bytes = Array(html.utf8)
        guard !find(in: bytes[...]).isEmpty else { return [] }
        var seen: Set<ExactText> = []
        return ranges(in: html).compactMap { decoded(bytes[$0]) }.filter { seen.insert(ExactText($0)).inserted }
    }

    /// The places of all references, in the octets of `html`.
    static func ranges(in html: String) -> [Range<Int>] {
        var scanner = HTMLScanner(html, notesReferences: true)
        while scanner.next() != nil {}
        return scanner.references
    }
}
