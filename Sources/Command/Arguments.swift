internal import Text

/// A verb's words, sorted into options and operands.
struct Arguments {
    /// An option and its value's name in messages; nil for one that takes none.
    struct Option {
        let name: String
        let value: String?

        init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    private(set) var operands: [String] = []
    private(set) var given: [(name: String, value: String)] = []

    /// Takes `--name value`, `--name=value`, `-n value` and `-nvalue`; after `--` all are operands,
    /// and `-` always is one.
    init(_ words: [String], options: [Option], of verb: String) throws(Failure) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                return
            }
            guard word.begins(with: "-"), word != "-" else {
                operands.append(word)
                continue
            }
            var name = word
            var attached: String?
            if word.begins(with: "--") {
                if let (option, value) = word.halves(at: "=") { (name, attached) = (String(option), String(value)) }
            } else if word.utf8.count > 2 {
                let letter = word.unicodeScalars.prefix(2)
                name = String(letter)
                attached = String(word[letter.endIndex...])
            }
            guard let option = options.first(where: { $0.name == name }) else {
                let near = nearest(to: name, among: options.map(\.name)).map { "did you mean \($0)?" }
                throw .usage("\(verb): unknown option \(printable(name)); \(near ?? "see outspool \(verb) --help")")
            }
            guard let kind = option.value else {
                if attached != nil { throw .usage("\(verb): \(name) takes no value") }
                given.append((name, ""))
                continue
            }
            guard let value = attached ?? rest.popFirst() else {
                throw .usage("\(verb): \(name) needs a value, \(kind)")
            }
            given.append((name, value))
        }
    }

    func has(_ name: String) -> Bool { given.contains { $0.name == name } }

    /// The values of an option that may be repeated, in order.
    func values(_ name: String) -> [String] { given.filter { $0.name == name }.map(\.value) }

    /// The value of an option that may be given once.
    func value(_ name: String) throws(Failure) -> String? {
        let values = values(name)
        if values.count > 1 { throw .usage("\(name) is given twice") }
        return values.first
    }

    /// The names of the options that were given.
    var names: [String] { given.map(\.name) }
}

/// The place of the first word of this process that is not UTF-8; nil if all are.
func firstWordBeyondUTF8() -> Int? {
    (0..<Int(CommandLine.argc)).first { index in
        CommandLine.unsafeArgv[index].map { String(validatingCString: $0) == nil } ?? false
    }
}

/// The words of this process, the program's own name first. What is not UTF-8 is taken for Latin-1, in which every
/// byte is a character.
func givenWords() -> [String] {
    (0..<Int(CommandLine.argc)).compactMap { index in
        guard let word = CommandLine.unsafeArgv[index] else { return nil }
        if let text = String(validatingCString: word) { return text }
        var text = ""
        var place = word
        while place.pointee != 0 {
            text.unicodeScalars.append(Unicode.Scalar(UInt8(bitPattern: place.pointee)))
            place += 1
        }
        return text
    }
}
