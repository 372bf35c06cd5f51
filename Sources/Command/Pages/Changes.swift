internal import JSON
internal import Spool
internal import Text
internal import Web

extension Console {
    /// Makes the change that a POST asks for. Verbs, run as programs, change jobs; nothing changes where that is not allowed.
    func change(_ request: Request, user: String) throws(Failure) -> PageAnswer {
        let path = request.path
        switch (path.first ?? "", path.dropFirst().joined(separator: "/")) {
        case ("mail", "delete"), ("api", "messages/delete"): return .response(try deleteMail(request))
        case ("queue", "count"):
            try allow(settings.allowsActions)
            return try count(request)
        case ("queue", "change"):
            try allow(settings.allowsActions)
            return try changeJobs(request, user: user)
        case ("queue", "pause"), ("queue", "resume"):
            try allow(settings.allowsActions)
            return pause(path[1], request, user: user)
        case ("templates", _) where path.count == 3 && path[2].isExactly("send"):
            try allow(settings.isDevelopment)
            return try sendTemplate(path[1], request, user: user)
        default: throw .missing
        }
    }

    private func allow(_ isAllowed: Bool) throws(Failure) {
        if !isAllowed { throw Failure(.noPermission, "nothing can be changed here: outspool web --actions allows it") }
    }

    private func deleteMail(_ request: Request) throws(Failure) -> Response {
        try allow(settings.isDevelopment)
        guard let mailbox else { throw .missing }
        let id = request.form["id"]
        guard (id != nil) != request.form.has("all") else { throw .usage("id=ID, or all=yes") }
        let count = try mailbox.delete(id)
        if request.path.first?.isExactly("api") == true { return Response(json: ["deleted": .number(.init(count))]) }
        return .redirect(to: Link(["mail"]))
    }

    // MARK: Jobs

    /// The verb and the jobs that a form names, as words of the command line.
    private struct Order {
        let change: JobChange
        let id: JobID?
        let query: JobQuery

        init(_ form: Form) throws(Failure) {
            guard let change = form["verb"].flatMap({ JobChange(rawValue: $0) }), change != .postpone else {
                throw .usage("verb is retry, hold, release or rm")
            }
            self.change = change
            query = try JobQuery(form)
            id = try form["id"].map { (text) throws(Failure) in
                guard let id = JobID(text) else { throw .usage("\(printable(cut(text, to: 60))) is not a job id") }
                return id
            }
            // Never all jobs by accident.
            guard (id == nil) != query.filter.isEmpty else { throw .usage("name an id, or a filter") }
        }

        func words(_ location: [String], _ more: [String]) -> [String] {
            location + [change.rawValue] + more + query.options + (id.map { ["--", $0.text] } ?? [])
        }

        var fields: [HTML] {
            ([("verb", change.rawValue), ("id", id?.text)] + query.parameters).map { name, value -> HTML in
                "<input type=\"hidden\" name=\"\(name)\" value=\"\(value ?? "")\">"
            }
        }

        var target: Link {
            id.map { Link(["queue", "jobs", $0.text]) } ?? Link(["queue", "jobs"], query.parameters)
        }
    }

    /// Says what a change would do, with a button that does it.
    private func count(_ request: Request) throws(Failure) -> PageAnswer {
        let order = try Order(request.form)
        return .verb(VerbCall(words: order.words(location, ["--dry-run"]))) { [self] end in
            let style = order.change == .remove ? "bad" : "main"
            return page(
                order.change.label, in: .queue,
                """
                <h1>\(order.change.label)? <small>\(order.id?.text ?? order.query.words)</small></h1>
                <div class="card"><pre>\(lastLines(end.text))</pre></div>
                <form class="inline" method="post" action="/queue/change">\(order.fields)\
                <button class="\(style)">\(order.change.label)</button>\
                <a class="button" href="\(order.target)">Leave it as it is</a></form>
                """, status: end.status == 0 || end.status == 65 ? 200 : 500)
        }
    }

    private func changeJobs(_ request: Request, user: String) throws(Failure) -> PageAnswer {
        let order = try Order(request.form)
        let what = order.id?.text ?? order.query.words
        let call = VerbCall(words: order.words(location, []), note: "\(order.change.rawValue) \(what)")
        return .verb(call) { [self] end in
            page(
                order.change.label, in: .queue,
                """
                <h1>\(order.change.label) <small>\(what)</small></h1>
                <div class="card"><pre>\(lastLines(end.text))</pre></div>
                <p><a class="button" href="\(order.target)">Back</a></p>
                """, status: end.status == 0 || end.status == 65 ? 200 : 500)
        }
    }

    private func pause(_ verb: String, _ request: Request, user: String) -> PageAnswer {
        let words = request.form.fields.filter { $0.name.isExactly("word") }.map(\.value)
        let call = VerbCall(
            words: location + [verb, "--"] + words, note: "\(verb) \(words.joined(separator: " "))")
        return .verb(call) { [self] end in
            if end.status == 0 { return .redirect(to: Link(["queue"])) }
            return page(
                "Not done", in: .queue, "<p class=\"finding bad\">\(lastLines(end.text))</p>", status: 400)
        }
    }
}

/// The end of what a verb wrote: what it says of many jobs is in its last line.
func lastLines(_ text: String) -> String {
    let lines = text.pieces(at: "\n").filter { !$0.isEmpty }
    let more = lines.count > 20 ? "…\n" : ""
    return more + lines.suffix(20).joined(separator: "\n")
}
