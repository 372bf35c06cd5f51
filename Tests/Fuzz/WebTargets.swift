internal import Template
internal import Text
internal import Web

/// A request line's target, the fields and a form, whatever they are: what is read can be written again, what is shown has
/// no markup of its own, and no name but ours passes the gate.
func fuzzWeb(_ input: [UInt8]) {
    let parts = input.parts(4)
    if let target = Target(parts[0]) {
        for segment in target.path {
            must(!segment.isEmpty && !segment.utf8.contains(0x2F), "a segment is a name")
            must(!segment.isExactly(".") && !segment.isExactly(".."), "a path leads nowhere else")
        }
        let link = Link(target.path, target.query.fields.map { (name: $0.name, value: Optional($0.value)) })
        must(link.text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "a link is printable ASCII")
        if link.text.utf8.count <= Target.limit {
            let again = Target(link.text.utf8)?.path ?? []
            let isSame = again.count == target.path.count && zip(again, target.path).allSatisfy { $0.isExactly($1) }
            must(isSame, "a link leads back")
        }
    }
    let form = Form(parts[1]) ?? Form()
    must(form.fields.count <= Form.limit, "a form is bounded")
    for field in form.fields {
        let cell: HTML = "<td title=\"\(field.name)\">\(field.value)</td>"
        let inner = cell.source.utf8.dropFirst("<td title=\"".utf8.count).dropLast("</td>".utf8.count)
        must(inner.count { $0 == UInt8(ascii: "<") } == 0, "no tag begins")
        must(inner.count { $0 == UInt8(ascii: "\"") } == 1, "no attribute ends early")
        must(inner.count { $0 == UInt8(ascii: ">") } == 1, "no tag ends early")
        must(!inner.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }, "no control characters")
    }
    let host = parts[2].text
    let origin = parts[3].text
    let request = Request(.post, Target("/queue".utf8)!, fields: [("Host", host), ("Origin", origin)], form: form)
    guard Gate().judge(request) == .pass else { return }
    let name = host.lowercasedASCII
    must(
        ["localhost", "127.0.0.1", "[::1]"].contains { name.isExactly($0) || name.begins(with: $0 + ":") },
        "only names of the loopback pass")
    must(origin.isEmpty || origin.lowercasedASCII.ends(with: "://" + name), "an origin is the host's own")
    let response = Response.download([], type: host, filename: origin)
    must(
        response.fields.allSatisfy {
            !$0.value.utf8.contains { $0 == 0x0A || $0 == 0x0D } || $0.name == "Content-Type"
        },
        "no field becomes two")
}

/// A source of HTML gives findings with places in it.
func fuzzClients(_ input: [UInt8]) {
    let lines = input.count { $0 == 0x0A } + 1
    for finding in clientFindings(ofHTML: input, file: "html.mustache") {
        must(finding.line.map { (1...lines).contains($0) } ?? true, "a line of the file")
        must(finding.column.map { (1...(input.count + 1)).contains($0) } ?? true, "a column of the line")
        must(!finding.description.utf8.contains(0x0A), "one line")
    }
}
