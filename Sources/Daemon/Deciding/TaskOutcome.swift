package import Linux
package import Spool
internal import Text
package import Time

/// How a task's program ended, and whose fault that is.
package enum TaskOutcome: Equatable, Sendable {
    case done
    /// The program, what it needs, or the moment was at fault: it is tried again.
    case deferred(because: String)
    /// The job is at fault, and will be at each attempt.
    case dead(because: String)
    /// The daemon stops, and asked it to end: no attempt.
    case returned(because: String)

    /// Why a program was asked to end before its time.
    package enum Request: Equatable, Sendable {
        /// The daemon stops, which has interrupted the job so often before.
        case stop(interruptions: Int)
        /// The operator cancelled the job.
        case cancel
    }

    package static let cancelled = "cancelled by the operator"

    /// Judges the end of a program that was asked to end. One that ends with 0 all the same has done its work.
    package init(_ end: ChildProcess.End, askedTo request: Request) {
        if end == .exit(0) {
            self = .done
            return
        }
        switch request {
        case .cancel: self = .dead(because: TaskOutcome.cancelled)
        case .stop(let interruptions):
            let again = interruptions == 0 ? "" : ", and has interrupted this job \(interruptions + 1) times"
            self = .returned(because: "the daemon stops\(again)")
        }
    }

    /// Judges an end by the statuses of sysexits(3): 64 to 68, 76 and 77 say that the job asks for what cannot be. All
    /// others may be different the next time, a crash of the program first of all: it may be repaired until then.
    package init(_ end: ChildProcess.End, isTimedOut: Bool, after timeout: Span) {
        if isTimedOut {
            self = .deferred(because: "did not end within \(timeout.approximate)")
            return
        }
        switch end {
        case .exit(0): self = .done
        case .exit(let status):
            let name = TaskOutcome.statuses[status].map { " (\($0))" } ?? ""
            let reason = "exit status \(status)\(name)"
            self = TaskOutcome.final.contains(status) ? .dead(because: reason) : .deferred(because: reason)
        case .signal(let number):
            let name = TaskOutcome.signals[number].map { " (\($0))" } ?? ""
            self = .deferred(because: "ended by signal \(number)\(name)")
        case .unknown: self = .deferred(because: "\(end)")
        }
    }

    private static let final: Set<Int32> = [64, 65, 66, 67, 68, 76, 77]
    private static let statuses: [Int32: String] = [
        64: "EX_USAGE", 65: "EX_DATAERR", 66: "EX_NOINPUT", 67: "EX_NOUSER", 68: "EX_NOHOST", 69: "EX_UNAVAILABLE",
        70: "EX_SOFTWARE", 71: "EX_OSERR", 72: "EX_OSFILE", 73: "EX_CANTCREAT", 74: "EX_IOERR", 75: "EX_TEMPFAIL",
        76: "EX_PROTOCOL", 77: "EX_NOPERM", 78: "EX_CONFIG",
    ]
    private static let signals: [Int32: String] = [
        6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM",
        24: "SIGXCPU, its cpu_time is over", 25: "SIGXFSZ",
    ]

    /// The last line with text that a program wrote to standard error, of bounded length and fit for a terminal; nil
    /// without one.
    package static func lastLine(of output: [UInt8]) -> String? {
        for line in output.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).reversed() {
            let text = String(decoding: line, as: UTF8.self)
            if text.allSatisfy(\.isWhitespace) { continue }
            return printable(String(text.unicodeScalars.prefix(replyLimit)))
        }
        return nil
    }

    private static let replyLimit = 200
}

extension Verdict {
    /// Judges the end of a job's program, or that it was not started.
    ///
    /// - Parameters:
    ///   - reply: what the program said last.
    ///   - jitter: from -1 to 1; see ``RetryPolicy/due(afterAttempt:now:jitter:expiry:)``.
    package init(
        _ outcome: TaskOutcome, reply: String?, of attempt: Attempt, now: Timestamp, jitter: @autoclosure () -> Double
    ) {
        func event(_ kind: Event.Kind, _ reason: String?) -> Event {
            var event = Event(kind, at: now)
            event.attempt = attempt.number
            event.reply = reply
            event.reason = reason
            if attempt.history.isEmpty { event.submitted = attempt.submitted }
            return event
        }
        switch outcome {
        case .done: self.init(at: now, [event(.done, nil)], target: .done(day: now.day))
        case .deferred(let reason):
            var event = event(.deferred, reason)
            event.next = attempt.due(now: now, jitter: jitter())
            self.init(
                at: now, [event], target: .retry(Bucket(afterAttempt: attempt.number)), due: event.next)
        case .dead(let reason): self.init(at: now, [event(.dead, reason)], target: .dead, durably: true)
        case .returned(let reason): self = Verdict.returned(reason, attempt, now)
        }
    }
}
