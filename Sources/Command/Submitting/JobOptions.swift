internal import JSON
internal import Spool
internal import Text
internal import Time

/// The job object that the options of `submit` describe; parameters that no option gives are as in `sample`.
func jobObject(
    _ arguments: Arguments, _ templates: VisibleTemplates, beside sample: JSON.Object = JSON.Object(), now: Timestamp
) throws(Failure) -> JSON.Object {
    guard arguments.operands.count == 1 else {
        throw .usage(
            arguments.operands.isEmpty ? "submit needs a template, or --job, or --batch" : "submit takes one template")
    }
    var job = JSON.Object([("template", .string(arguments.operands[0]))])
    let params = try params(arguments, templates, beside: sample)
    if !params.isEmpty { job["params"] = .object(params) }
    job["to"] = addresses(arguments.values("--to"))
    job["cc"] = addresses(arguments.values("--cc"))
    job["bcc"] = addresses(arguments.values("--bcc"))
    job["from"] = try arguments.value("--from").map { .string($0) }
    job["replyTo"] = try arguments.value("--reply-to").map { .string($0) }
    job["locale"] = try arguments.value("--locale").map { .string($0) }
    job["priority"] = try arguments.value("--priority").map { .string($0) }
    let headers = try headers(arguments.values("--header"))
    if !headers.isEmpty { job["headers"] = .object(headers) }
    job["sendAt"] = try moment("--send-at", arguments, now: now)
    job["expiresAt"] = try moment("--expires-at", arguments, now: now)
    let tags = arguments.values("--tag")
    if !tags.isEmpty { job["tags"] = .array(tags.map { .string($0) }) }
    return job
}

private func addresses(_ words: [String]) -> JSON? {
    switch words.count {
    case 0: nil
    case 1: .string(words[0])
    default: .array(words.map { .string($0) })
    }
}

/// The parameters that `--params` or `-p` give; what `-p` does not say is as in `others`.
private func params(
    _ arguments: Arguments, _ templates: VisibleTemplates, beside others: JSON.Object
) throws(Failure) -> JSON.Object {
    let words = arguments.values("-p")
    if let file = try arguments.value("--params") {
        if !words.isEmpty { throw .usage("-p cannot be combined with --params") }
        let value = try Input.json(try Input.read(file), of: file == "-" ? "standard input" : file)
        guard let object = value.object else {
            throw Failure(.data, "\(printable(file)): is \(value.typeName), not an object")
        }
        return object
    }
    var given = JSON.Object()
    for word in words {
        guard let (name, rest) = word.halves(at: "=") else {
            throw .usage("-p \(printable(word)) is neither KEY=VALUE nor KEY:=JSON")
        }
        var key = String(name)
        let text = String(rest)
        let value: JSON
        if key.ends(with: ":") {
            key.unicodeScalars.removeLast()
            value = try Input.json(Array(text.utf8), of: "-p \(key)")
        } else {
            value = templates.value(of: text, for: key, in: arguments.operands[0])
        }
        // The value may be a secret.
        if key.isEmpty { throw .usage("-p: no key before the =") }
        if given[key] != nil { throw .usage("-p \(printable(key)) is given twice") }
        given[key] = value
    }
    var all = others
    for (key, value) in given.members { all[key] = value }
    return all
}

private func headers(_ words: [String]) throws(Failure) -> JSON.Object {
    var headers = JSON.Object()
    for word in words {
        guard let (field, value) = word.halves(at: ":"), !field.isEmpty else {
            throw .usage("submit: --header \(printable(word)) is not 'NAME: VALUE'")
        }
        let name = String(field)
        if headers[name] != nil { throw .usage("submit: --header \(printable(name)) is given twice") }
        headers[name] = .string(String(trimmed(value)))
    }
    return headers
}

/// A moment of RFC 3339 as it was given, or a span from now.
private func moment(_ option: String, _ arguments: Arguments, now: Timestamp) throws(Failure) -> JSON? {
    guard let text = try arguments.value(option) else { return nil }
    guard let time = givenTime(text, now: now) else {
        throw .usage("submit: \(option) \(printable(text)) is neither 2026-11-23T17:44:11Z nor +15m")
    }
    return .string(time)
}

/// A moment of RFC 3339 as it was given, or a span from now; nil for anything else.
func givenTime(_ text: String, now: Timestamp) -> String? {
    if text.begins(with: "+"), let span = Span(text.dropFirst()), (now + span).seconds < 9_000_000_000 {
        return (now + span).rfc3339
    }
    return Timestamp(rfc3339: text) == nil ? nil : text
}
