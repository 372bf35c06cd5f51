internal import SMTPServer

/// How many commands of each kind a client gave, and how many of them succeeded: for the line at its end.
struct CommandCounts {
    private var names: [String] = []
    private var counts: [(good: Int, all: Int)] = []

    mutating func add(_ name: String, isGood: Bool) {
        let index = names.firstIndex(of: name) ?? names.count
        if index == names.count {
            names.append(name)
            counts.append((0, 0))
        }
        counts[index].all += 1
        if isGood { counts[index].good += 1 }
    }

    /// `ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`, as Postfix has it.
    var text: String {
        let sum = counts.reduce((good: 0, all: 0)) { ($0.good + $1.good, $0.all + $1.all) }
        return (zip(names, counts).map { "\($0)=\(Self.text($1))" } + ["commands=\(Self.text(sum))"])
            .joined(separator: " ")
    }

    private static func text(_ count: (good: Int, all: Int)) -> String {
        count.good == count.all ? "\(count.all)" : "\(count.good)/\(count.all)"
    }
}

extension Command {
    /// The name in the counts. Names that are made up share one.
    var countName: String {
        switch self {
        case .ehlo: "ehlo"
        case .helo: "helo"
        case .mail: "mail"
        case .rcpt: "rcpt"
        case .data: "data"
        case .rset: "rset"
        case .noop: "noop"
        case .vrfy: "vrfy"
        case .help: "help"
        case .quit: "quit"
        case .startTLS: "starttls"
        case .auth: "auth"
        case .malformed: "unknown"
        }
    }
}
