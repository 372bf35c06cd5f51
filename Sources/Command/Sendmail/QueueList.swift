internal import Glibc
internal import Linux
internal import Spool
internal import Text
internal import Time

/// Lists the queue as Postfix's mailq(1) does: what is not sent and not dead, drop boxes first, in the order of the
/// directories. Each job is printed as it is found, so that memory is bounded.
func listQueue(of path: String, _ output: Output) throws(Failure) {
    let reader = try openQueue(path)
    var bytes = 0
    var count = 0
    func show(_ directory: String, _ state: State) throws(Failure) {
        try reader.forEachEntry(of: directory) { (name, opened) throws(Failure) in
            guard let job = try Glance(name, in: state, at: opened) else { return }
            if count == 0 { try output.line(queueHeader) }
            count += 1
            bytes += job.size
            try output.write(queueEntry(job))
        }
    }
    for box in try reader.boxes() { try show("drop/\(box)/new", .new) }
    for state in try reader.states() where state != .dead && state.word != "done" { try show(state.path, state) }
    if count == 0 { return try output.line("Mail queue is empty") }
    try output.line("-- \((bytes + 1023) / 1024) Kbytes in \(count) Request\(count == 1 ? "" : "s").")
}

/// The spool, for those who may list it.
func openQueue(_ path: String) throws(Failure) -> SpoolReader {
    do throws(Failure) { return try SpoolReader(path: path) } catch {
        guard error.status == .noPermission else { throw error }
        throw Failure(error.status, error.message + "; the queue is for its owner and root to see")
    }
}

private let queueHeader =
    "-------------Queue ID------------- --Size-- ----Arrival Time---- -Sender/Recipient-------"

/// A job's lines, the empty one behind it included: id, mark, size, arrival, sender; the reason; the recipients.
private func queueEntry(_ job: Glance) -> String {
    let mark =
        switch job.state {
        case .claimed: "*"
        case .hold: "!"
        default: " "
        }
    var text = padded(job.id + mark, to: 34, onTheLeft: false) + " " + padded(String(job.size), to: 8, onTheLeft: true)
    text += " " + padded(job.submitted.map(localTime) ?? "-", to: 20, onTheLeft: false)
    text += " " + (job.sender.map { $0.isEmpty ? "MAILER-DAEMON" : printable($0) } ?? "-") + "\n"
    if let problem = job.problem {
        text += "(\(printable(problem)))\n"
    } else if let last = job.last, last.reply != nil || last.reason != nil {
        text += "(\(printable(last.words)))\n"
    }
    // Not below the sender: an id is long, and most addresses find room on 80 columns here.
    for recipient in job.recipients { text += String(repeating: " ", count: 41) + printable(recipient) + "\n" }
    return text + "\n"
}

private func padded(_ text: String, to width: Int, onTheLeft: Bool) -> String {
    let padding = String(repeating: " ", count: max(0, width - columns(text)))
    return onTheLeft ? padding + text : text + padding
}

/// The time here, as mail tools expect it: `Mon Nov 23 17:44:11`. See localtime(3).
private func localTime(_ time: Timestamp) -> String {
    var seconds = time_t(time.seconds)
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return "-" }
    var buffer = [CChar](repeating: 0, count: 64)
    let length = strftime(&buffer, buffer.count, "%a %b %e %H:%M:%S", &parts)
    return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
