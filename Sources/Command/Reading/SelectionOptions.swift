internal import JSON
internal import Spool
internal import Text
internal import Time

/// The options and operands by which every verb of the operator is told which jobs it is for.
enum SelectionOptions {
    static var filters: [Arguments.Option] {
        [
            .init("--state", "a state"), .init("--template", "a template"), .init("--to", "text"),
            .init("--older", "a span such as 2h"), .init("--error", "text"), .init("--tag", "a tag"),
        ]
    }
    static var all: [Arguments.Option] { filters + [.init("--all")] }

    /// The lines of the filters in a verb's help.
    static let help = """
          --state STATE    new, retry, scheduled, hold, dead or done, or the directory,
                           such as retry/03-2m; may be repeated
          --template NAME  jobs of this template; may be repeated
          --to TEXT        jobs with a recipient that contains the text
          --older SPAN     submitted at least so long ago: 30m, 2h, 5d
          --error TEXT     jobs whose last reply or reason contains the text
          --tag WORD       jobs with this tag; may be repeated
        """

    static func filter(_ arguments: Arguments, of verb: String) throws(Failure) -> JobFilter {
        var filter = JobFilter()
        filter.states = arguments.values("--state")
        for word in filter.states where JobFilter.example(of: word) == nil {
            let near = nearest(to: word, among: JobFilter.stateWords).map { "; did you mean \($0)?" } ?? ""
            throw .usage("\(verb): unknown state \(printable(word))\(near)")
        }
        filter.templates = arguments.values("--template")
        filter.to = try arguments.value("--to")
        filter.older = try span("--older", arguments, of: verb)
        filter.error = try arguments.value("--error")
        filter.tags = arguments.values("--tag")
        return filter
    }

    static func span(_ option: String, _ arguments: Arguments, of verb: String) throws(Failure) -> Span? {
        guard let text = try arguments.value(option) else { return nil }
        guard let span = Span(text) else {
            throw .usage("\(verb): \(option) \(printable(text)) is not a span such as 30m, 2h or 5d")
        }
        return span
    }

    /// The jobs that the words mean; an error when they mean none, or all by accident.
    static func selection(_ arguments: Arguments, of verb: String) throws(Failure) -> Selection {
        let filter = try filter(arguments, of: verb)
        do throws(Selection.Fault) {
            return try Selection(ids: arguments.operands, filter: filter, all: arguments.has("--all"))
        } catch {
            switch error {
            case .nothing: throw .usage("\(verb): name ids, or a filter such as --template, or say --all")
            case .both: throw .usage("\(verb): ids cannot be combined with filters or --all")
            }
        }
    }

    /// Calls `body` with each id; `-` stands for the lines of standard input, which are ids, or objects with an `id`
    /// such as `ls --json` prints. Complains about each text that is not an id and goes on; returns false if there was
    /// one.
    static func forEachID(
        _ words: [String], of verb: String, _ body: (JobID) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        var isClean = true
        func take(_ text: String) throws(Failure) {
            if let id = JobID(text) { return try body(id) }
            complain("\(verb): \(printable(cut(text, to: 60))) is not a job id")
            isClean = false
        }
        for word in words {
            guard word == "-" else {
                try take(word)
                continue
            }
            try Input.lines(of: "-") { (line) throws(Failure) in
                let text = trimmed(String(decoding: line, as: UTF8.self))
                if text.isEmpty { return }
                // A line that is not JSON is not an id either, and is reported as such.
                let object = text.begins(with: "{") ? (try? JSON(parsing: line))?.object : nil
                try take(object?["id"]?.string ?? String(text))
            }
        }
        return isClean
    }
}
