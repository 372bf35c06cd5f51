internal import Linux
internal import Text

/// The program: the name that it is called by chooses between sendmail(1) and the verbs.
package enum Program {
    /// Runs the command line of this process, closes standard output, and returns a status of sysexits(3).
    package static func run() -> Int32 {
        reserveStandardDescriptors()
        let words = givenWords()
        let rest = Array(words.dropFirst())
        if let sendmail = Sendmail(calledBy: words.first ?? "") { return sendmail.run(rest).rawValue }
        // A file of another name would be made, and another user told.
        if let place = firstWordBeyondUTF8() {
            complain("\(printable(words[place])): not UTF-8")
            return ExitStatus.usage.rawValue
        }
        return run(rest).rawValue
    }

    /// Runs one command line to its end. Everything that fails is said here, once, on standard error.
    private static func run(_ words: [String]) -> ExitStatus {
        let output = Output()
        do throws(Failure) {
            let status = try dispatch(words, output)
            try output.finish()
            return status
        } catch {
            // What was written before the failure is still owed; the failure itself is the one to report.
            try? output.finish()
            complain(error.message)
            return error.status
        }
    }

    private static func dispatch(_ words: [String], _ output: Output) throws(Failure) -> ExitStatus {
        var words = words[...]
        var globals: [String] = []
        while let word = words.first, word.begins(with: "-") {
            words.removeFirst()
            switch word {
            case "--help", "-h":
                try output.write(help)
                return .success
            case "--version":
                try output.line("outspool \(programVersion)")
                return .success
            case "--spool", "--config":
                guard let value = words.popFirst() else { throw .usage("\(word) needs a value") }
                globals += [word, value]
            default:
                guard word.begins(with: "--spool=") || word.begins(with: "--config=") else {
                    throw .usage("unknown option \(printable(word)); see outspool --help")
                }
                globals.append(word)
            }
        }
        guard var name = words.popFirst() else { throw .usage("no verb; see outspool --help") }
        if name == "help" {
            guard let asked = words.popFirst() else {
                try output.write(help)
                return .success
            }
            (name, words) = (asked, ["--help"])
        }
        guard let verb = Verb.named(name) else {
            let names = Verb.Purpose.allCases.flatMap { $0.verbs.map(\.name) }
            let near = nearest(to: name, among: names).map { "; did you mean \($0)?" } ?? "; see outspool --help"
            throw .usage("unknown verb \(printable(name))\(near)")
        }
        if words.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            try output.write(verb.help())
            return .success
        }
        let arguments = try Arguments(globals + words, options: verb.options() + Location.options, of: verb.name)
        return try verb.run(Invocation(arguments: arguments, output: output))
    }

    private static var help: String {
        var text = """
            usage: outspool [--spool DIR] [--config FILE] VERB [ARGUMENT ...]

            Submits mail to a spool and looks after it. See outspool(1).

            """
        for purpose in Verb.Purpose.allCases {
            text += "\n\(purpose.rawValue):\n"
            for verb in purpose.verbs {
                text +=
                    "  " + verb.name + String(repeating: " ", count: 11 - verb.name.utf8.count) + verb.summary + "\n"
            }
        }
        return text + """

              outspool VERB --help  what a verb takes
              --spool DIR           the spool or drop box (OUTSPOOL_SPOOL; else what the
                                    configuration says; else /var/spool/outspool)
              --config FILE         the configuration (OUTSPOOL_CONFIG; else
                                    /etc/outspool/outspool.conf)
              --version

            """
    }
}
