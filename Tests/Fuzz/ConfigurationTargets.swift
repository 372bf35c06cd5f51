@testable internal import Command
internal import Configuration
internal import Daemon

/// A configuration written again says the same, and what the daemon makes of it is the same each time.
func fuzzConfiguration(_ input: [UInt8]) {
    let file: ConfigurationFile
    do { file = try ConfigurationFile(parsing: input, name: "outspool.conf") } catch {
        must(error.line >= 1 && !error.description.contains("\n"), "a fault is told in one line, with its own")
        return
    }
    func entries(_ file: ConfigurationFile) -> [String] {
        ([file.main] + file.sections).flatMap { section in
            [section.header] + section.entries.map { "\($0.key) = \($0.value)" }
        }
    }
    let lines = entries(file)
    // What stands above the first header has none.
    let text = lines.dropFirst().joined(separator: "\n")
    let again = try? ConfigurationFile(parsing: text, name: "outspool.conf")
    must(again.map(entries) == lines, "written and read, it is the same")
    do {
        let settings = try Settings(file)
        must(try Settings(file) == settings, "the same settings each time")
        must(!settings.relays.isEmpty, "there is a relay")
        must(!settings.spool.isEmpty && !settings.spool.utf8.contains(0), "the spool has a path")
    } catch {
        must(!"\(error)".contains("\n"), "a fault is told in one line")
    }
}

/// The words of a command line: no option is taken for a recipient, and nothing breaks a line.
func fuzzSendmail(_ input: [UInt8]) {
    let words = input.split(separator: 0, omittingEmptySubsequences: false).map { Array($0).text }
    let name = ["sendmail", "mailq", "newaliases"][Int(input.first ?? 0) % 3]
    let options: SendmailOptions
    do { options = try SendmailOptions(Array(words.dropFirst()), calledAs: name) } catch {
        must(!error.message.contains("\n"), "a fault is told in one line")
        return
    }
    must(!options.operands.contains { $0.hasPrefix("-") }, "no recipient begins with a hyphen")
    must(Set(options.operands).isSubset(of: words), "recipients are words of the command line")
    for text in [options.sender, options.fullName].compactMap(\.self) {
        must(!text.unicodeScalars.contains { $0.properties.generalCategory == .control }, "no control characters")
    }
}
