package import Linux

/// A failed step on the spool: which step, on which file, and why.
package struct SpoolError: Error, CustomStringConvertible {
    /// Where in a state change it happened.
    package enum Step: String, Sendable {
        case open, create, write, sync, publish, settle, read, append, touch, rename, remove, list, lock, copy
    }

    package let step: Step
    /// The path, relative to the spool where it lies in it.
    package let path: String
    package let errno: Errno

    package init(_ step: Step, _ path: String, _ errno: Errno) {
        self.step = step
        self.path = path
        self.errno = errno
    }

    package var description: String { "\(path): \(reason)" }

    /// The step that failed, and why.
    package var reason: String { "cannot \(verb): \(errno)" }

    /// Whether another try later, unchanged, can succeed: everything but a wrong path.
    package var isTemporary: Bool {
        switch errno {
        case .noEntry, .notDirectory, .accessDenied, .notPermitted, .loop, .nameTooLong, .invalid: false
        default: true
        }
    }

    private var verb: String {
        switch step {
        case .publish: "publish in new/"
        case .settle: "make the rename durable (the job may or may not be queued)"
        case .append: "append to the history"
        case .touch: "set the due time"
        default: step.rawValue
        }
    }
}

/// Makes one system call; when it fails, the error says which step it was, on which file.
@inline(__always) @discardableResult
package func step<Result: ~Copyable>(
    _ step: SpoolError.Step, _ path: @autoclosure () -> String, _ call: @autoclosure () throws(Errno) -> Result
) throws(SpoolError) -> Result {
    do throws(Errno) { return try call() } catch { throw SpoolError(step, path(), error) }
}

/// Makes several system calls, which are one step.
@inline(__always)
package func step<Result: ~Copyable>(
    _ step: SpoolError.Step, _ path: @autoclosure () -> String, _ call: () throws(Errno) -> Result
) throws(SpoolError) -> Result {
    do throws(Errno) { return try call() } catch { throw SpoolError(step, path(), error) }
}
