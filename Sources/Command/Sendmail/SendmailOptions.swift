internal import Spool
internal import Text

/// The command line of sendmail(1).
///
/// A value: it is read without looking at anything but the words. Options are those of Postfix's sendmail(1), and
/// what Postfix ignores is ignored here.
struct SendmailOptions: Equatable {
    enum Mode: Equatable {
        /// Read a message and queue it.
        case enqueue
        case list
        /// Make deferred mail due: all, one job's, or that for one domain.
        case flush(Selection)
        /// Speak SMTP on standard input and output.
        case dialogue
        /// Options without meaning here, done at once: `newaliases`, `-bh`.
        case nothing
        case help
        case version
    }

    enum Selection: Equatable {
        case all
        case job(String)
        case site(String)
    }

    var mode = Mode.enqueue
    /// As it was given to `-f` or `-r`; nil: the caller's own.
    var sender: String?
    /// Of `-F`.
    var fullName: String?
    /// A line with nothing but a dot ends the message.
    var endsAtDot = true
    /// `-t`: the header's recipients, too.
    var takesRecipientsFromHeader = false
    /// `-v`: say the job's id.
    var isVerbose = false
    /// `-N`, `-R` and `-V`: the notifications that the sender asks for.
    var notify: [Job.DSN.Occasion] = []
    var returned: Job.DSN.Extent?
    var envelopeID: String?
    /// The operands: recipients.
    var operands: [String] = []

    /// Reads the words behind the program's name; `name` is what it was called by.
    init(_ words: [String], calledAs name: String) throws(Failure) {
        switch name {
        case "mailq": mode = .list
        case "newaliases": mode = .nothing
        default: break
        }
        var rest = words[...]
        // As with getopt(3) under POSIX, the first operand ends the options.
        while let word = rest.first, word.begins(with: "-"), !word.isExactly("-") {
            rest.removeFirst()
            if word.isExactly("--") { break }
            switch word {
            case "--help": mode = .help
            case "--version": mode = .version
            // Without a value, so not one that getopt(3) could read.
            case "-q": mode = .flush(.all)
            default: try take(word.unicodeScalars.dropFirst(), &rest)
            }
        }
        operands = Array(rest)
        // After accidents with addresses that others chose, Postfix delivers to none of these either.
        if let stray = operands.first(where: { $0.begins(with: "-") }) {
            throw .usage("\(printable(stray)): options come before the recipients, and no recipient begins with -")
        }
    }

    /// Options that take a value, glued to the letter or as the next word.
    private static let valued: Set<Unicode.Scalar> = [
        "A", "B", "C", "F", "L", "N", "O", "R", "V", "X", "b", "e", "f", "h", "o", "p", "q", "r",
    ]

    /// Letters without a value, which may share a word: `-it`, `-ti`, `-tfa@b`.
    private mutating func take(_ cluster: Substring.UnicodeScalarView, _ rest: inout ArraySlice<String>) throws(Failure)
    {
        var letters = cluster
        while let letter = letters.popFirst() {
            if SendmailOptions.valued.contains(letter) {
                guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
                    throw .usage("-\(letter) needs a value; see sendmail(1)")
                }
                return try set(letter, value)
            }
            switch letter {
            case "G", "U", "c", "m", "n", "x": break
            case "I": mode = .nothing
            case "i": endsAtDot = false
            case "t": takesRecipientsFromHeader = true
            case "v": isVerbose = true
            default: throw .usage("unknown option -\(printable(String(letter))); see sendmail(1)")
            }
        }
    }

    private mutating func set(_ letter: Unicode.Scalar, _ value: String) throws(Failure) {
        switch letter {
        case "B":
            guard value.isExactly("7BIT") || value.isExactly("8BITMIME") else { throw .usage("-B is 7BIT or 8BITMIME") }
        case "F":
            try refuseControls(value, in: "-F")
            fullName = value
        case "N":
            notify = try occasions(value)
        case "R":
            switch value.lowercasedASCII {
            case "full": returned = .full
            case "hdrs": returned = .headers
            default: throw .usage("-R \(printable(value)): -R is full or hdrs")
            }
        case "V":
            guard Job.DSN.isEnvelopeID(value) else {
                throw .usage("-V \(printable(value)): -V takes 1 to 100 characters of printable ASCII")
            }
            envelopeID = value
        case "X":
            if value.begins(with: "V") { throw .usage("-XV (variable envelope return paths) is not supported") }
        case "b": try setMode(value)
        case "f", "r":
            try refuseControls(value, in: "-\(letter)")
            sender = value
        case "o": if value.begins(with: "i") { endsAtDot = false }
        case "q": try setFlush(value)
        // -A, -C, -L, -O, -e, -h and -p mean nothing here, as with Postfix.
        default: break
        }
    }

    /// Words with commas or white space between them, in any case.
    private func occasions(_ value: String) throws(Failure) -> [Job.DSN.Occasion] {
        let words = value.lowercasedASCII.utf8.split { $0 == UInt8(ascii: ",") || $0.isSpace }
        let occasions = words.compactMap { Job.DSN.Occasion(rawValue: String(decoding: $0, as: UTF8.self)) }
        guard !words.isEmpty, occasions.count == words.count, occasions == [.never] || !occasions.contains(.never)
        else {
            throw .usage("-N \(printable(value)): -N is never, or some of failure,delay,success")
        }
        return occasions
    }

    private mutating func setMode(_ value: String) throws(Failure) {
        switch value.unicodeScalars.first {
        case "m": mode = .enqueue
        case "p": mode = .list
        case "i", "h", "H": mode = .nothing
        case "s": mode = .dialogue
        case "d", "D", "l": throw .usage("-b\(value.unicodeScalars.first ?? "d"): the daemon is outspoold(8)")
        case "v": throw .usage("-bv is not supported: no address is known before its mail is sent")
        default: throw .usage("-b\(printable(value)) is not supported")
        }
    }

    private mutating func setFlush(_ value: String) throws(Failure) {
        let rest = String(value.unicodeScalars.dropFirst())
        switch value.unicodeScalars.first {
        // An interval: the daemon has its own.
        case let first? where ("0"..."9").contains(first): break
        case "I" where !rest.isEmpty: mode = .flush(.job(rest))
        case "R" where !rest.isEmpty: mode = .flush(.site(rest))
        default: throw .usage("-q\(printable(value)) is not supported: -q, -qIid or -qRsite")
        }
    }

    private func refuseControls(_ value: String, in option: String) throws(Failure) {
        if value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw .usage("\(option): a control character in \(printable(value))")
        }
    }
}
