internal import SMTPServer
internal import Submission

/// A client's bytes give the same replies and the same messages in whatever pieces they come; replies are lines of ASCII,
/// and nothing raw reaches the log.
func fuzzDoor(_ input: [UInt8]) {
    let whole = talk(input, inPiecesOf: input.count + 1)
    for size in [1, 7, 1 + Int(input.last ?? 0)] {
        let pieces = talk(input, inPiecesOf: size)
        must(pieces.output == whole.output, "the same replies in pieces of \(size)")
        must(pieces.messages == whole.messages, "the same messages in pieces of \(size)")
    }
    must(hasOnlyCRLF(whole.output), "every reply ends in CRLF")
    must(whole.output.allSatisfy { $0 < 0x80 }, "replies are ASCII")
    for line in whole.logs {
        must(!line.unicodeScalars.contains { $0.properties.generalCategory == .control }, "a line of the log is one")
    }
    // What a message says in whatever way is a job or a refusal.
    for posting in whole.postings {
        must(hasOnlyCRLF(posting.message), "a message has no CR or LF alone")
        let maker = JobMaker(templates: nil)
        do throws(PostingRefusal) { must(try !maker.job(of: posting).object.contains(0), "a job has no NUL") } catch {
            must((400...599).contains(error.reply.code), "a refusal")
        }
    }
}

private struct Talk {
    var output: [UInt8] = []
    var messages: [[UInt8]] = []
    var postings: [Posting] = []
    var logs: [String] = []
}

/// Speaks to a door that takes the login `a` with any password, whose TLS is in place at once.
private func talk(_ input: [UInt8], inPiecesOf size: Int) -> Talk {
    var rules = DoorRules(name: "mx.example", origin: "host.example")
    (rules.offersLogin, rules.allowsLoginWithoutTLS) = (true, true)
    var access = Access(box: "/spool/drop/shop")
    access.templates = .all
    var door = Door(rules, client: "localhost[127.0.0.1]", access: access)
    var said = Talk()
    var rest = input[...]
    repeat {
        while true {
            while let action = door.next() {
                switch action {
                case .log(let line): said.logs.append(line)
                case .login(let user, _, let mechanism):
                    door.finishLogin(user, mechanism: mechanism, user.utf8.elementsEqual("a".utf8) ? access : nil)
                case .post(let posting):
                    said.postings.append(posting)
                    said.messages.append(posting.message)
                    door.finishPosting(.success("ID"))
                case .startTLS: must(false, "no TLS where none is offered")
                case .close: break
                }
            }
            if door.output.isEmpty { break }
            said.output += door.output
            door.output = []
        }
        if !door.wantsInput { break }
        let piece = rest.prefix(size)
        rest = rest.dropFirst(size)
        Array(piece).withUnsafeBytes { door.receive($0) }
        if piece.isEmpty { break }
    } while true
    return said
}
