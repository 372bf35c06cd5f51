internal import Text

/// The words of a command in the configuration: no shell reads it, so that no recipient's address is ever one's.
package enum CommandWords {
    /// White space separates; double quotes keep it, and within them a backslash stands for the character behind it.
    /// Nil for an open quote, and for nothing at all.
    package static func parse(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        // By code points: a mark behind a quote does not hide it.
        var rest = text.unicodeScalars.makeIterator()
        while let scalar = rest.next() {
            switch scalar {
            case "\"":
                isQuoted.toggle()
                word = word ?? ""
            case "\\" where isQuoted:
                guard let next = rest.next() else { return nil }
                word = (word ?? "") + String(next)
            case " ", "\t":
                if isQuoted {
                    word = (word ?? "") + String(scalar)
                } else if let done = word {
                    words.append(done)
                    word = nil
                }
            default: word = (word ?? "") + String(scalar)
            }
        }
        if isQuoted { return nil }
        if let word { words.append(word) }
        return words.isEmpty ? nil : words
    }
}

extension ConfigurationSection {
    /// The words of the command under `key`, or nil. Its program is a path, relative to the directory of the file as
    /// any other.
    package mutating func command(_ key: String) throws(ConfigurationError) -> [String]? {
        guard let text = string(key), let path = path(key) else { return nil }
        guard var words = CommandWords.parse(text) else { throw fault("'\(key)': a quote without its end", at: key) }
        guard words[0].holds("/") else {
            throw fault("'\(key)' begins with a path, not with '\(words[0])': PATH is not asked", at: key)
        }
        if !words[0].begins(with: "/") {
            words[0] = String(decoding: path.utf8.dropLast(text.utf8.count), as: UTF8.self) + words[0]
        }
        return words
    }
}
