internal import Linux
internal import Spool

extension SpoolReader {
    /// Says what a daemon does with a job in `cur/`, as a sentence that goes on after its id.
    func business(of id: JobID, in state: State) -> String {
        isTask(id, in: state)
            ? "runs at this moment, and is left alone; outspool cancel \(id) ends its program"
            : "is being sent at this moment, and left alone; try again when that is over"
    }

    /// True when the program of a task runs for the job, or ran when its daemon died.
    func isTask(_ id: JobID, in state: State) -> Bool {
        // It may be gone by now, and then it was neither.
        job(at: "\(state.path)/\(id)")?.history.openRunning != nil
    }
}
