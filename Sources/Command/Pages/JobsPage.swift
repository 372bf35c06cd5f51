internal import Linux
internal import Spool
internal import Text
internal import Time
internal import Web

extension Console {
    /// A list of jobs, page by page.
    func jobsPage(_ reader: borrowing SpoolReader, _ request: Request) throws(Failure) -> Response {
        let query = try JobQuery(request.query)
        let now = Timestamp.now
        let after = request.query["after"]
        let scan = try JobScan(query.filter, after: after, of: reader, now: now)
        let words = query.words
        var body: HTML = "<h1>Jobs <small>\(words.isEmpty ? "that are not done" : words)</small></h1>"
        body += searchForm(query)
        if scan.jobs.isEmpty, scan.next == nil {
            body += "<div class=\"card empty\">No such job.</div>"
        } else {
            body += table(
                "Jobs",
                [
                    ("Job", ""), ("State", ""), ("Age", "num"), ("Template", ""), ("To", ""), ("Tries", "num wide"),
                    ("Next", "num wide"), ("Last", ""),
                ],
                scan.jobs.map { row($0, now: now) })
        }
        if scan.isCut { body += "<p class=\"note\">There are many: this is what was found in a tenth of a second.</p>" }
        if let next = scan.next {
            body +=
                "<p><a class=\"button\" href=\"\(Link(request.path, query.parameters + [("after", next)]))\">Next jobs</a></p>"
        }
        if !query.filter.isEmpty { body += changeButtons(query) }
        return page("Jobs", in: .queue, body)
    }

    private func row(_ job: Glance, now: Timestamp) -> HTML {
        let age = job.submitted.map { (now - $0).approximate } ?? "-"
        let due = job.due.map { until($0, now: now) } ?? "-"
        let last = job.problem ?? job.last?.words ?? "-"
        return """
            <tr><td class="mono"><a href="\(Link(["queue", "jobs", job.id]))">\(job.id)</a></td>\
            <td><span class="tag \(mood(of: job.state))">\(job.state.word)</span></td>\
            <td class="num">\(age)</td><td>\(job.kind)</td><td>\(job.addressee)</td>\
            <td class="num wide">\(job.attempts)</td><td class="num wide">\(due)</td><td>\(cut(last, to: 160))</td></tr>
            """
    }

    /// Buttons that ask for a change of all jobs that match: what they lead to says how many, and does nothing yet.
    private func changeButtons(_ query: JobQuery) -> HTML {
        guard settings.allowsActions else { return "" }
        let fields = query.parameters.map { field -> HTML in
            "<input type=\"hidden\" name=\"\(field.name)\" value=\"\(field.value ?? "")\">"
        }
        let buttons = [JobChange.retry, .hold, .release, .remove].map { change -> HTML in
            let style = change == .remove ? "bad" : ""
            return "<button class=\"\(style)\" name=\"verb\" value=\"\(change.rawValue)\">\(change.label)</button> "
        }
        return """
            <h2>All that match</h2>
            <form class="inline" method="post" action="/queue/count">\(fields)\(buttons)</form>
            """
    }

    /// Dead letters by what was said last.
    func deadPage(_ reader: borrowing SpoolReader, _ request: Request) throws(Failure) -> Response {
        let groups = try DeadGroups(reader, now: .now)
        var body: HTML = "<h1>Dead letters <small>\(groups.looked) looked at, by what was said last</small></h1>"
        if groups.isCut { body += "<p class=\"note\">There are more: these were counted in a fifth of a second.</p>" }
        if groups.all.isEmpty {
            body += "<div class=\"card empty\">No dead letters.</div>"
        } else {
            let rows = groups.all.prefix(100).map { group -> HTML in
                let link = Link(["queue", "jobs"], [("state", "dead"), ("error", group.key)])
                return """
                    <tr><td class="num">\(group.count)</td><td><a href="\(link)">\(group.key)</a></td>\
                    <td>\(group.templates)</td><td class="mono"><a href="\(Link(["queue", "jobs", group.example]))">\(group.example)</a></td></tr>
                    """
            }
            body += table(
                "Dead letters", [("Jobs", "num"), ("Said last", ""), ("Templates", ""), ("Example", "")], rows)
        }
        body += "<p><a href=\"\(Link(["queue", "jobs"], [("state", "dead")]))\">All dead letters</a></p>"
        return page("Dead letters", in: .queue, body)
    }
}

extension JobChange {
    /// The text of a button.
    var label: String {
        switch self {
        case .retry: "Retry"
        case .postpone: "Postpone"
        case .hold: "Hold"
        case .release: "Release"
        case .remove: "Remove"
        }
    }
}

/// Dead letters that were looked at, by what was said last.
struct DeadGroups {
    struct Group {
        /// A text that is in the last words of each of its jobs.
        let key: String
        var count = 0
        var names: [String] = []
        let example: String

        /// The templates, the first few of them.
        var templates: String { names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", …" : "") }
    }

    private static let patience: Int64 = 120_000_000
    private static let limit = 1000

    private(set) var all: [Group] = []
    private(set) var looked = 0
    private(set) var isCut = false

    init(_ reader: borrowing SpoolReader, now: Timestamp) throws(Failure) {
        let deadline = Clock.monotonic + DeadGroups.patience
        var places: [ExactText: Int] = [:]
        var (groups, looked, isCut): ([Group], Int, Bool) = ([], 0, false)
        try reader.forEachEntry(of: State.dead.path, while: { !isCut }) { (name, directory) throws(Failure) in
            guard let job = try Glance(name, in: .dead, at: directory) else { return }
            looked += 1
            let key = DeadGroups.key(job)
            let place = places[ExactText(key)] ?? groups.count
            if place == groups.count {
                if groups.count >= DeadGroups.limit { return isCut = true }
                places[ExactText(key)] = place
                groups.append(Group(key: key, example: job.id))
            }
            groups[place].count += 1
            if let template = job.template, groups[place].names.count < 6, !groups[place].names.holds(exactly: template)
            {
                groups[place].names.append(template)
            }
            isCut = Clock.monotonic > deadline
        }
        all = groups.sorted { $0.count == $1.count ? $0.key < $1.key : $0.count > $1.count }
        (self.looked, self.isCut) = (looked, isCut)
    }

    /// The codes of a reply, or the first words of a reason: what a filter finds in the last words again.
    private static func key(_ job: Glance) -> String {
        guard let last = job.last, job.problem == nil else { return cutExactly(job.problem ?? "no history", 60) }
        if last.reply != nil, let code = last.code {
            return ["\(code)", last.dsn].compactMap(\.self).joined(separator: " ")
        }
        return cutExactly(last.words, 60)
    }

    private static func cutExactly(_ text: String, _ count: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(count)))
    }
}
