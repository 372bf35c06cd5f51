internal import Text

/// The HTML and CSS that mail programs show: the table in `clients.txt`, which says where it is from.
struct ClientTable {
    /// Something that a mail may use.
    struct Feature: Hashable {
        /// `element`, `attribute`, `property`, `value`, `function`, `unit`, `at`, `feature`, `selector` or `image`.
        let kind: ExactText
        let name: ExactText
    }

    private static let programs = ["Outlook on Windows", "Outlook.com", "Gmail", "Apple Mail"]

    private var notes: [Feature: String] = [:]

    init() {
        for line in PackageResources.clients_txt.split(separator: 0x0A) where line.first != UInt8(ascii: "#") {
            let words = String(decoding: line, as: UTF8.self).pieces(at: " ").map(String.init)
            guard words.count == 2 + ClientTable.programs.count else { continue }
            let verdicts = zip(ClientTable.programs, words.dropFirst(2))
            func named(_ letter: String) -> [String] { verdicts.filter { $0.1.isExactly(letter) }.map(\.0) }
            let never = named("n")
            if never.isEmpty { continue }
            let partly = named("a")
            let note =
                "is not shown by \(never.joined(separator: ", "))"
                + (partly.isEmpty ? "" : ", and only in part by \(partly.joined(separator: ", "))")
            notes[Feature(kind: ExactText(words[0]), name: ExactText(words[1]))] = note
        }
    }

    /// Says by which programs it is not shown; nil where all show it, or nothing is known.
    func note(_ kind: String, _ name: String) -> String? {
        notes[Feature(kind: ExactText(kind), name: ExactText(name.lowercasedASCII))]
    }
}
