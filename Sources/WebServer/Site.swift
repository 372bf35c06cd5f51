package import Command
package import EventLoop
internal import Glibc
package import Linux
internal import Spool
internal import Text
internal import Time
package import Web

/// The pages on the loop: gate, console, verbs that run, and requests that wait for mail.
package final class Site {
    private let loop: EventLoop
    private let gate: Gate
    private let console: Console
    /// The command, which does what is to be done to jobs.
    private let command: String
    private let allowsActions: Bool
    private var runs: [Int: ProgramRun] = [:]
    private var lastRun = 0
    private var waiting: [Int: Waiting] = [:]
    private var lastWaiting = 0
    private var inotify: Inotify?
    private var mailWatch: EventLoop.Watch?

    /// Verbs that run at once.
    private static let runLimit = 4
    /// Requests that wait for mail at once.
    private static let waitLimit = 32

    private struct Waiting {
        let attempt: () -> Response?
        let send: (Response) -> Void
        let timer: EventLoop.Timer
    }

    /// - Parameter maildir: whose new mail ends waiting.
    package init(
        _ console: Console, gate: Gate, command: String, allowsActions: Bool, maildir: String?, on loop: EventLoop
    ) throws(Errno) {
        self.loop = loop
        self.gate = gate
        self.console = console
        self.command = command
        self.allowsActions = allowsActions
        if let maildir {
            let inotify = try Inotify()
            _ = try inotify.add("\(maildir)/new", .arrivals)
            mailWatch = try loop.watch(inotify.descriptor.raw, for: .read) { [weak self] _ in
                // That there is news is all that counts.
                _ = try? inotify.read { _ in }
                self?.tryWaiting()
            }
            self.inotify = inotify
        }
        sample()
    }

    private func sample() {
        console.sample()
        loop.schedule(after: Rates.interval) { [weak self] in self?.sample() }
    }

    /// Answers a request, at once or later through `send`.
    package func handle(_ request: Request, _ send: @escaping (Response) -> Void) -> Server.Reply {
        if case .refuse(let status, let reason) = gate.judge(request) { return .now(Response(status, text: reason)) }
        // What would change something is the proxy's to let through.
        guard let user = gate.user(of: request) ?? (request.method == .post ? nil : "-") else {
            return .now(Response(403, text: "the proxy did not say who asks"))
        }
        switch console.answer(request, user: user) {
        case .response(let response): return .now(response)
        case .verb(let call, let then): return run(call, user: user, then, send)
        case .waiting(let span, let attempt, let otherwise):
            if let response = attempt() { return .now(response) }
            if waiting.count >= Site.waitLimit { return .now(Response(503, text: "too many wait already")) }
            lastWaiting += 1
            let number = lastWaiting
            let timer = loop.schedule(after: span) { [weak self] in
                self?.waiting[number] = nil
                send(otherwise())
            }
            waiting[number] = Waiting(attempt: attempt, send: send, timer: timer)
            return .later
        }
    }

    private func tryWaiting() {
        for (number, entry) in waiting {
            guard let response = entry.attempt() else { continue }
            waiting[number] = nil
            entry.timer.cancel()
            entry.send(response)
        }
    }

    private func run(
        _ call: VerbCall, user: String, _ then: @escaping (VerbEnd) -> Response, _ send: @escaping (Response) -> Void
    ) -> Server.Reply {
        if runs.count >= Site.runLimit {
            return .now(Response(503, text: "too much is being changed already; try again"))
        }
        lastRun += 1
        let number = lastRun
        var order = ProgramRun.Order(
            [command] + call.words, environment: ["PATH=/usr/bin:/bin"], input: call.input, timeout: .minutes(5),
            outputLimit: 16 << 10)
        order.limits.diesWithParent = true
        do throws(Errno) {
            runs[number] = try ProgramRun(order, on: loop) { [weak self] outcome in
                self?.runs[number] = nil
                let status: Int32 = if case .exit(let code) = outcome.end { code } else { 70 }
                let text = String(decoding: outcome.output, as: UTF8.self)
                if let note = call.note {
                    let last = text.pieces(at: "\n").last { !$0.isEmpty }.map(String.init) ?? "status \(status)"
                    say("user=\(printable(user).quotedWord) \(printable(note)): \(printable(last))")
                }
                send(then(VerbEnd(status: status, text: text)))
            }
            return .later
        } catch { return .now(Response(500, text: "\(command): \(error)")) }
    }
}

extension String {
    /// The text as one word of a log's line.
    fileprivate var quotedWord: String { utf8.contains { $0.isSpace } ? "\"\(self)\"" : self }
}

/// A line of the log, on standard error.
func say(_ text: String) {
    let line = Array("outspool-web: \(text)\n".utf8)
    // There is nowhere left to report that this failed.
    _ = Glibc.write(2, line, line.count)
}
