internal import Mail
internal import Message

/// Previews of one mail on a self-contained page: no script, no other file.
///
/// The mail's HTML stays in a frame without rights; the page's policy forbids scripts there, too.
struct PreviewPage {
    private let previews: [MailPreview]
    private let title: String
    private let isMasked: Bool
    private let loadsRemote: Bool

    /// - Parameter loadsRemote: whether a browser gets pictures, style sheets and fonts from where the HTML names them.
    ///   To look at the mail then tells its author, who need not be the reader's friend.
    init(_ previews: [MailPreview], of title: String, isMasked: Bool, loadsRemote: Bool) {
        self.previews = previews
        self.title = title
        self.isMasked = isMasked
        self.loadsRemote = loadsRemote
    }

    /// The frame of the HTML inherits it.
    private var policy: String {
        loadsRemote
            ? "default-src 'none'; style-src 'unsafe-inline' https:; img-src data: https: http:; font-src data: https:"
            : "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
    }

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="\(policy)">
        <title>\(escaped(title)) · preview</title>
        <style>
        \(previewStyle)
        \(localeStyle)
        </style>
        </head>
        <body>
        \(switches)
        <main>
        \(previews.indices.map { variant(previews[$0], $0) }.joined())</main>
        </body>
        </html>

        """
    }

    /// Which variant is shown is the state of a radio button, and CSS knows it.
    private var localeStyle: String {
        previews.indices.map { index in
            """
            #l\(index):checked ~ main #v\(index) { display: grid }
            #l\(index):checked ~ header label[for=l\(index)] { background: var(--accent); color: #fff }
            #l\(index):focus-visible ~ header label[for=l\(index)] {
              outline: 2px solid var(--accent); outline-offset: 2px }
            """
        }.joined(separator: "\n")
    }

    private var switches: String {
        var inputs = ""
        var labels = ""
        for (index, preview) in previews.enumerated() {
            inputs += "<input type=\"radio\" name=\"locale\" id=\"l\(index)\"\(index == 0 ? " checked" : "")>\n"
            labels += "<label for=\"l\(index)\">\(escaped(preview.locale ?? "default"))</label>"
        }
        let locales = previews.count > 1 ? "<nav aria-label=\"Locale\" class=\"choice\">\(labels)</nav>" : ""
        let hasHTML = previews.contains { $0.message.html != nil }
        if hasHTML { inputs += "<input type=\"checkbox\" id=\"phone\">\n<input type=\"checkbox\" id=\"dark\">\n" }
        let looks =
            "<span class=\"choice\"><label for=\"phone\">Phone</label><label for=\"dark\">Dark mode</label></span>"
        return """
            \(inputs)<header>
            <h1>\(escaped(title))</h1>
            \(locales)
            \(hasHTML ? looks : "")
            \(isMasked ? "<span class=\"badge\">secrets masked</span>" : "")
            \(hasHTML && !loadsRemote ? "<span class=\"badge\">nothing loaded from other hosts</span>" : "")
            </header>
            """
    }

    private func variant(_ preview: MailPreview, _ index: Int) -> String {
        let message = preview.message
        let rows = preview.envelope.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>" }.joined()
        let language = preview.locale.map { " lang=\"\(escaped($0))\"" } ?? ""
        var parts = ""
        if let html = preview.selfContainedHTML {
            parts += """
                <section class="part html">
                <h3>HTML</h3>
                <div class="stage"><iframe sandbox title="The HTML part" srcdoc="\(escaped(html))"></iframe></div>
                </section>

                """
        }
        if let text = message.text {
            parts += """
                <section class="part text">
                <h3>Text</h3>
                <pre\(language)>\(escaped(text.text))</pre>
                </section>

                """
        }
        let files = message.attachments.map { file in
            let facts = "<small>\(escaped(file.type)), \(size(file.content.count))</small>"
            return "<li>\(escaped(file.filename ?? "no name")) \(facts)</li>"
        }.joined()
        return """
            <article class="variant" id="v\(index)">
            <section class="head">
            <h2\(language)>\(escaped(preview.subject))</h2>
            <dl>\(rows)</dl>
            \(weight(preview))
            \(files.isEmpty ? "" : "<ul class=\"files\">\(files)</ul>")
            </section>
            \(parts)<details>
            <summary>The message as it travels <small>\(size(preview.mail.bytes.count))</small></summary>
            <pre>\(escaped(String(decoding: preview.mail.bytes, as: UTF8.self)))</pre>
            </details>
            </article>

            """
    }

    private func weight(_ preview: MailPreview) -> String {
        var facts = "<li>\(size(preview.mail.bytes.count)) in all</li>"
        if let text = preview.message.text { facts += "<li>\(size(text.content.count)) of text</li>" }
        var bar = ""
        if let html = preview.message.html {
            let share = html.content.count * 100 / MailPreview.gmailLimit
            facts += "<li>\(size(html.content.count)) of HTML: \(share)% of what Gmail shows before it cuts</li>"
            bar = """
                <div class="bar\(share >= 100 ? " over" : "")" role="img" aria-label="\(share)% of Gmail's limit">\
                <i style="width: \(min(max(share, 1), 100))%"></i></div>
                """
        }
        return "<ul class=\"facts\">\(facts)</ul>\(bar)"
    }
}

/// Text for HTML and for the values of its attributes.
private func escaped(_ text: String) -> String {
    var out = ""
    out.reserveCapacity(text.utf8.count + text.utf8.count / 8)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": out += "&amp;"
        case "<": out += "&lt;"
        case ">": out += "&gt;"
        case "\"": out += "&quot;"
        // The parser would make a line feed of it; in a text there is one already.
        case "\r": break
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}
