internal import Spool

/// The operator's verbs, each one system call: sugar over mv(1), touch(1) and rm(1).
enum JobChange: String, CaseIterable, Sendable {
    case retry, postpone, hold, release
    case remove = "rm"

    /// The step of a verb for a job in some state.
    enum Step: Equatable, Sendable {
        /// rename(2), which replaces nothing.
        case rename(State)
        /// utimensat(2): due now.
        case touch
        /// utimensat(2) in `retry/` and `scheduled/`; from `new/` it goes to `scheduled/`.
        case postpone
        /// To `new/` or `scheduled/`, as the job's history says: see ``Release``.
        case release
        case unlink
        /// It is as it should be already; the sentence goes on after the job's id.
        case nothing(String)
        /// The daemon has it: what is in `cur/` is left alone.
        case busy
        /// It cannot be done; the sentence goes on after the job's id.
        case refuse(String)
    }

    func step(in state: State) -> Step {
        switch (self, state) {
        case (_, .claimed): .busy
        case (.remove, _): .unlink
        case (.retry, .new): .nothing("waits for its turn already")
        case (.retry, .retry), (.retry, .scheduled): .touch
        case (.retry, .dead): .release
        case (.retry, .hold): .refuse("is held: release it")
        case (.postpone, .new), (.postpone, .retry), (.postpone, .scheduled): .postpone
        case (.postpone, .hold): .refuse("is held: release it first")
        case (.postpone, .dead): .refuse("is a dead letter: retry it first")
        case (.hold, .new), (.hold, .retry), (.hold, .scheduled), (.hold, .dead): .rename(.hold)
        case (.hold, .hold): .nothing("is held already")
        case (.release, .hold): .release
        case (.release, _): .refuse("is not held, it is in \(state.path)")
        case (.retry, .done), (.postpone, .done), (.hold, .done): .refuse("was sent")
        }
    }

    /// Whether a filter that names no state includes this one. A dead letter, or a job whose time has not come, is
    /// sent, and a kept job is removed, only when the state is named.
    func isMeant(_ state: State) -> Bool {
        switch (self, state) {
        case (.retry, .retry), (.release, .hold): true
        case (.postpone, .new), (.postpone, .retry), (.postpone, .scheduled): true
        case (.hold, .new), (.hold, .retry), (.hold, .scheduled): true
        case (.remove, .new), (.remove, .retry), (.remove, .scheduled), (.remove, .hold): true
        default: false
        }
    }

    /// The past participle for a sentence: `held 3 jobs`.
    var participle: String {
        switch self {
        case .retry: "made due"
        case .postpone: "postponed"
        case .hold: "held"
        case .release: "released"
        case .remove: "removed"
        }
    }
}
