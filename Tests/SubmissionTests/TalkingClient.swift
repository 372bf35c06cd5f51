import Message
import SMTPServer

@testable import Submission

/// A client at a door, without a wire: what it says, and what it is answered.
struct TalkingClient {
    var door: Door
    private(set) var postings: [Posting] = []
    private(set) var logs: [String] = []
    private(set) var isClosed = false
    private(set) var beganTLS = 0
    /// What posted messages are answered; by default each is queued as `ID`.
    var result: Result<String, PostingRefusal> = .success("ID")
    /// Who may log in.
    var logins: [String: (password: String, access: Access)] = [:]

    init(_ change: (inout DoorRules, inout Access) -> Void = { _, _ in }) {
        var rules = DoorRules(name: "mx.example", origin: "host.example")
        var access = Access(box: "/spool/drop/shop")
        change(&rules, &access)
        door = Door(rules, client: "localhost[127.0.0.1]", access: access)
        _ = act()
    }

    /// Sends bytes, in pieces of `size`; what comes back.
    mutating func send(_ text: String, inPiecesOf size: Int = .max) -> String {
        var answers = ""
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            piece.withUnsafeBytes { door.receive($0) }
            answers += act()
        }
        return answers
    }

    /// Sends lines; the code and enhanced code of the last reply's last line: `250 2.0.0`.
    mutating func say(_ lines: String...) -> String {
        let last = send(lines.map { $0 + "\r\n" }.joined()).split(separator: "\r\n").last ?? ""
        let words = last.split(separator: " ", maxSplits: 2)
        let hasEnhanced = words.count > 1 && words[1].split(separator: ".").count == 3
        return words.prefix(hasEnhanced ? 2 : 1).joined(separator: " ")
    }

    /// Goes on to RCPT.
    mutating func begin(to recipients: String = "bob@example.org") {
        _ = say("EHLO client.example", "MAIL FROM:<zoe@example.com>", "RCPT TO:<\(recipients)>")
    }

    /// The codes of all replies of a text.
    static func codes(_ answers: String) -> [String] {
        answers.split(separator: "\r\n").filter { $0.utf8.count < 4 || !$0.dropFirst(3).hasPrefix("-") }
            .map { String($0.prefix(3)) }
    }

    private mutating func act() -> String {
        var answers = ""
        while true {
            var didAct = false
            while let action = door.next() {
                didAct = true
                perform(action)
            }
            if door.output.isEmpty, !didAct { return answers }
            answers += String(decoding: door.output, as: UTF8.self)
            door.output = []
        }
    }

    private mutating func perform(_ action: Door.Action) {
        switch action {
        case .log(let line): logs.append(line)
        case .startTLS:
            beganTLS += 1
            door.becameEncrypted()
        case .login(let user, let password, let mechanism):
            let own = logins[user]
            door.finishLogin(user, mechanism: mechanism, own?.password == password ? own?.access : nil)
        case .post(let posting):
            postings.append(posting)
            door.finishPosting(result)
        case .close: isClosed = true
        }
    }
}
