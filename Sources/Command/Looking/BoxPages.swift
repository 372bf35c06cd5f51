internal import JSON
internal import Linux
internal import Spool
internal import Text
internal import Time

/// `show` in a drop box: what the daemon tells of each job.
func show(_ words: [String], in box: borrowing AnswerReader, _ invocation: Invocation) throws(Failure) -> ExitStatus {
    if invocation.arguments.has("--mail") { throw .usage("show: a drop box has no templates for --mail") }
    var status = ExitStatus.success
    var isFirst = true
    for text in words {
        guard let id = JobID(text) else { throw .usage("show: \(printable(text)) is not a job id") }
        let json: JSON
        switch try box.look(at: id) {
        case .answer(let answer): json = answer.json
        case .submitted: json = submitted(id)
        case .gone:
            complain("no job \(id) in \(box.path)")
            status = .noInput
            continue
        }
        if invocation.arguments.has("--json") {
            try invocation.output.line(printableJSON(json.text))
        } else {
            if !isFirst { try invocation.output.line("") }
            try invocation.output.line(printableJSON(json.pretty()))
        }
        isFirst = false
    }
    return status
}

/// Describes a job whose file still lies in its box.
func submitted(_ id: JobID) -> JSON { .object(.init([("id", .string(id.text)), ("state", "new")])) }

/// `ls` in a drop box: the jobs of which the daemon tells, sorted by id.
func list(
    _ words: [String], _ filter: JobFilter, in box: borrowing AnswerReader, limit: Int, _ invocation: Invocation
) throws(Failure) -> ExitStatus {
    var answers: [Answer] = []
    var status = ExitStatus.success
    if words.isEmpty {
        let now = Timestamp.now
        try box.forEach { (answer) throws(Failure) in
            let isMeant = filter.states.isEmpty ? !answer.isDone : filter.names(answer.place)
            if isMeant, !filter.needsContents || filter.matches(answer.traits, now: now) { answers.append(answer) }
        }
    } else {
        guard filter.isEmpty else { throw .usage("ls: ids cannot be combined with filters") }
        let isClean = try SelectionOptions.forEachID(words, of: "ls") { (id) throws(Failure) in
            switch try box.look(at: id) {
            case .answer(let answer): answers.append(answer)
            case .submitted:
                answers.append(
                    Answer(id, in: .new, template: nil, submitted: nil, event: nil, tags: [], metadata: JSON.Object()))
            case .gone:
                complain("no job \(id) in \(box.path)")
                status = .noInput
            }
        }
        if !isClean { status = .usage }
    }
    answers.sort { $0.id.text < $1.id.text }
    for answer in answers.prefix(limit) {
        if invocation.arguments.has("--json") {
            try invocation.output.line(printableJSON(answer.json.text))
        } else {
            try invocation.output.line(line(answer, invocation.output))
        }
    }
    return status
}

private func line(_ answer: Answer, _ output: Output) -> String {
    let words = [answer.template.map { printable($0) }, answer.event.map { printable($0.words) }].compactMap(\.self)
    return (["\(answer.id)", output.styled(answer.state, answer.style)] + words).joined(separator: "  ")
}

/// `status` in a drop box: how many jobs of the box are in which state.
func tellStatus(of box: borrowing AnswerReader, _ invocation: Invocation) throws(Failure) -> ExitStatus {
    var counts: [String: Int] = [:]
    try box.forEach { counts[$0.state, default: 0] += 1 }
    let known = JobFilter.stateWords.map { (word: $0, count: counts[$0] ?? 0) }
    if invocation.arguments.has("--json") {
        let jobs = JSON.Object(known.map { ($0.word, .number(.init($0.count))) })
        try invocation.output.line(JSON.object(.init([("jobs", .object(jobs))])).text)
    } else {
        for (word, count) in known where count > 0 { try invocation.output.line("\(word)  \(count)") }
    }
    return .success
}

/// Waits until none of a box's jobs may still be sent, and tells of each, as `wait` does of a spool's.
func wait(
    for ids: [JobID], in box: borrowing AnswerReader, limit: Span?, _ invocation: Invocation, isQuiet: Bool
) throws(Failure) -> ExitStatus {
    try waitUntilOver(ids, limit: limit) { (id) throws(Failure) in
        let (word, status, json, answer): (String, ExitStatus, JSON, Answer?)
        switch try box.look(at: id) {
        case .submitted: return nil
        case .gone:
            (word, status, answer) = ("gone", .noInput, nil)
            json = .object(.init([("id", .string(id.text)), ("state", "gone")]))
        case .answer(let found):
            if found.isUnderWay { return nil }
            (json, answer) = (found.json, found)
            switch found.place {
            case .done: (word, status) = (found.event?.kind == .done ? "done" : "sent", .success)
            case .hold: (word, status) = ("held", .unavailable)
            default: (word, status) = ("dead", .data)
            }
        }
        if isQuiet { return status }
        if invocation.arguments.has("--json") {
            try invocation.output.line(printableJSON(json.text))
        } else {
            let words = answer?.event.map { "  " + printable($0.words) } ?? ""
            try invocation.output.line("\(id)  \(invocation.output.styled(word, answer?.style ?? .red))\(words)")
        }
        try invocation.output.flush()
        return status
    } meanwhile: { () throws(Failure) in
    }
}
