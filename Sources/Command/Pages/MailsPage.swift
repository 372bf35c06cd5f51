internal import Linux
internal import Message
internal import Spool
internal import Text
internal import Time
internal import Web

extension Console {
    private static let rows = 50

    /// The captured mails, the newest first.
    func mailsPage(_ mailbox: CapturedMail, _ request: Request) throws(Failure) -> Response {
        let now = Timestamp.now
        let words = request.query["q"]
        let all = try mailbox.entries()
        let found = words.map { words in all.filter { $0.holds(words) } } ?? all
        let start = min(max(request.query["from"].flatMap { Int($0) } ?? 0, 0), found.count)
        let shown = found[start...].prefix(Console.rows)
        let search: HTML = """
            <form class="inline search push" action="/mail" role="search">\
            <input type="search" name="q" value="\(words ?? "")" placeholder="Search" aria-label="Search mail">\
            <button>Search</button></form>
            """
        let delete: HTML =
            settings.isDevelopment && !all.isEmpty
            ? "<form method=\"post\" action=\"/mail/delete\"><button class=\"bad\" name=\"all\" value=\"yes\">Delete all</button></form>"
            : ""
        let number = found.count == 1 ? "1 message" : "\(found.count) messages"
        var body: HTML = """
            <div class="bar"><h1>Captured mail <small>\(number)\(words.map { " with “\($0)”" } ?? "")</small></h1>\
            \(search)\(delete)</div>
            """
        if shown.isEmpty {
            body += all.isEmpty ? noMail : "<div class=\"card empty\">No mail has this text.</div>"
        } else {
            let reader = try SpoolReader(path: spoolPath)
            var rows: [HTML] = []
            for entry in shown { rows.append(row(entry, template: template(of: entry, reader), now: now)) }
            body += "<div class=\"card\"><ul class=\"list\">\(rows)</ul>\(pages(start, found.count, words))</div>"
        }
        return page("Captured mail", in: .mail, body, live: Live(request, byDefault: true))
    }

    private var noMail: HTML {
        let door: HTML = settings.smtp.map { "SMTP: \($0)\n" } ?? ""
        return """
            <div class="card empty">No mail yet. Whatever is sent here is caught, and goes nowhere else.<br>
            <code class="card pad">\(door)export OUTSPOOL_SPOOL=\(spoolPath)
            outspool submit hello --to you@example.com -p name=You</code></div>
            """
    }

    private func row(_ entry: CapturedMail.Entry, template: String?, now: Timestamp) -> HTML {
        let subject = entry.subject.isEmpty ? "(no subject)" : entry.subject
        let tag: HTML = template.map { "<span class=\"tag\">\($0)</span> " } ?? ""
        let to = entry.to.isEmpty ? entry.recipients.joined(separator: ", ") : entry.to
        return """
            <li><a class="mailrow" href="\(Link(["mail", entry.name]))">\
            <span class="who">\(entry.from)</span>\
            <span class="about"><span class="subject">\(subject)</span><span class="sub">\(tag)to \(to)</span></span>\
            <span class="when">\(moment(entry.at, now: now))<br>\(size(entry.size))</span></a></li>
            """
    }

    private func pages(_ start: Int, _ count: Int, _ words: String?) -> HTML {
        if count <= Console.rows { return "" }
        func link(_ from: Int, _ text: String) -> HTML {
            "<a href=\"\(Link(["mail"], [("q", words), ("from", String(from))]))\">\(text)</a>"
        }
        let newer: HTML = start > 0 ? link(max(start - Console.rows, 0), "Newer") : ""
        let older: HTML = start + Console.rows < count ? link(start + Console.rows, "Older") : ""
        return
            "<div class=\"pages\">\(newer)<span>\(start + 1) to \(min(start + Console.rows, count)) of \(count)</span>\(older)</div>"
    }

    /// The template of the job that a mail was made of.
    func template(of entry: CapturedMail.Entry, _ reader: borrowing SpoolReader) -> String? {
        guard let id = entry.job, let state = (try? reader.places(of: id))?.first else { return nil }
        var template: String?
        // A job that cannot be read has none to show.
        try? reader.with(state) { (directory) throws(Failure) in
            template = try Glance(.init(id.text), in: state, at: directory)?.template
        }
        return template
    }
}
