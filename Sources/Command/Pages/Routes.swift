internal import Message
internal import Spool
internal import Text
internal import Time
internal import Web

extension Console {
    /// Finds the page that a path names.
    func route(_ request: Request, user: String) throws(Failure) -> PageAnswer {
        let path = request.path
        let first = path.first ?? ""
        switch (request.method, path.count) {
        case (.post, _): return try change(request, user: user)
        case (_, 0): return .response(.redirect(to: Link([home])))
        case (_, 1) where first.isExactly("style.css"):
            return .response(Response(200, type: "text/css; charset=utf-8", Array(StyleSheet.text.utf8)))
        default: break
        }
        switch first {
        case "mail": return .response(try mail(request))
        case "templates": return .response(try templates(request))
        case "queue": return .response(try queue(request))
        case "api": return try api(request)
        default: throw .missing
        }
    }

    private var home: String { mailbox != nil ? "mail" : "queue" }

    private func queue(_ request: Request) throws(Failure) -> Response {
        let reader = try SpoolReader(path: spoolPath)
        let path = request.path.dropFirst()
        switch (path.count, path.first ?? "") {
        case (0, _): return try queuePage(reader, request)
        case (1, "jobs"): return try jobsPage(reader, request)
        case (1, "dead"): return try deadPage(reader, request)
        case (2, "jobs"):
            guard let id = path.last.flatMap({ JobID($0) }) else { throw .missing }
            return try jobPage(id, reader, request)
        default: throw .missing
        }
    }

    private func templates(_ request: Request) throws(Failure) -> Response {
        guard hasTemplates else { throw .missing }
        let path = Array(request.path.dropFirst())
        switch path.count {
        case 0: return try templatesPage(request)
        case 1: return try templatePage(path[0], request)
        case 2 where path[1].isExactly("html"): return try templateFrame(path[0], request)
        default: throw .missing
        }
    }

    private func mail(_ request: Request) throws(Failure) -> Response {
        guard let mailbox else { throw .missing }
        let path = Array(request.path.dropFirst())
        if path.isEmpty { return try mailsPage(mailbox, request) }
        let mail = try mailbox.mail(path[0])
        switch (path.count, path.count > 1 ? path[1] : "") {
        case (1, _): return try mailPage(mail, mailbox, request)
        case (2, "html"): return try mailFrame(mail)
        case (2, "raw"): return .download(mail.bytes, type: "message/rfc822", filename: "\(mail.entry.name).eml")
        case (3, "part"):
            guard let index = Int(path[2]), mail.message.parts.indices.contains(index) else { throw .missing }
            let part = mail.message.parts[index]
            return .download(part.content, type: part.type, filename: part.filename ?? "part-\(index)")
        default: throw .missing
        }
    }

    private func api(_ request: Request) throws(Failure) -> PageAnswer {
        let path = Array(request.path.dropFirst())
        switch (path.count, path.first ?? "") {
        case (1, "status"): return .response(try statusJSON(SpoolReader(path: spoolPath)))
        case (1, "messages"):
            guard let mailbox else { throw .missing }
            return try messagesJSON(mailbox, request)
        case (2, "messages"):
            guard let mailbox else { throw .missing }
            return .response(try messageJSON(mailbox.mail(path[1])))
        default: throw .missing
        }
    }
}

extension Failure {
    static var missing: Failure { Failure(.noInput, "there is no such page") }
}
