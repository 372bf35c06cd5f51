internal import Linux
internal import Spool
internal import Text
internal import Time
internal import Web

extension Console {
    enum Section: String, CaseIterable {
        case mail = "Mail"
        case templates = "Templates"
        case queue = "Queue"

        var link: Link { Link([rawValue.lowercasedASCII]) }
    }

    /// A whole page.
    /// - Parameters:
    ///   - live: where a page that refreshes itself leads; nil for one that does not.
    func page(
        _ title: String, in section: Section?, _ body: HTML, status: Int = 200, live: Live? = nil
    ) -> Response {
        let links = Section.allCases.filter { isThere($0) }.map { other -> HTML in
            let current: HTML = other == section ? " aria-current=\"page\"" : ""
            return "<a href=\"\(other.link)\"\(current)>\(other.rawValue)</a>"
        }
        let end: HTML =
            if let live {
                live.isOn
                    ? "<a href=\"\(live.other)\">Stop refreshing</a>"
                    : "<a href=\"\(live.other)\">Refresh by itself</a>"
            } else { "" }
        let html: HTML = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title) · Outspool</title>
            <link rel="stylesheet" href="/style.css">
            </head>
            <body>
            <a class="skip" href="#main">To the content</a>
            <header class="top">
            <a class="brand" href="/">Outspool</a>
            <nav aria-label="Sections">\(links)</nav>
            <span class="end">\(end)</span>
            </header>
            <main id="main">
            \(body)
            </main>
            </body>
            </html>

            """
        let response = Response(status, page: html)
        return live?.isOn == true ? response.refreshing(after: Live.seconds) : response
    }

    private func isThere(_ section: Section) -> Bool {
        switch section {
        case .mail: mailbox != nil
        case .templates: hasTemplates
        case .queue: true
        }
    }

    /// Whether a page asks for itself again, which its reader can stop.
    struct Live {
        static let seconds = 2
        let isOn: Bool
        /// The same page, the other way.
        let other: Link

        /// - Parameter byDefault: for a request that does not say.
        init(_ request: Request, byDefault: Bool) {
            let isOn = request.query["live"].map { $0.isExactly("on") } ?? byDefault
            let rest = request.query.fields.filter { !$0.name.isExactly("live") }.map {
                (name: $0.name, value: Optional($0.value))
            }
            other = Link(request.path, rest + [("live", isOn ? "off" : "on")])
            self.isOn = isOn
        }
    }
}

/// A moment for people: how long ago, and exactly where it is pointed at.
func moment(_ time: Timestamp, now: Timestamp) -> HTML {
    let text = time <= now ? "\((now - time).approximate) ago" : "in \((time - now).approximate)"
    return "<time datetime=\"\(time.rfc3339)\" title=\"\(time.rfc3339Seconds)\">\(text)</time>"
}

/// The colour of a state, for the style sheet.
func mood(of state: State) -> String {
    switch state {
    case .dead: "bad"
    case .hold, .retry: "warn"
    case .done: "good"
    default: ""
    }
}

/// A table that scrolls by itself where there is no room for it.
/// - Parameter label: its name for those who hear it.
func table(_ label: String, _ titles: [(text: String, style: String)], _ rows: [HTML]) -> HTML {
    let head = titles.map { title -> HTML in "<th scope=\"col\" class=\"\(title.style)\">\(title.text)</th>" }
    return """
        <div class="card scroll" tabindex="0" role="region" aria-label="\(label)"><table>
        <thead><tr>\(head)</tr></thead>
        <tbody>\(rows)</tbody>
        </table></div>
        """
}
