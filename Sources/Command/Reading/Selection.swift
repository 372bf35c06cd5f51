/// The jobs that a command line means. A verb that changes jobs never means all of them by accident.
enum Selection: Equatable {
    /// By name; `-` stands for those on standard input.
    case ids([String])
    case matching(JobFilter)

    /// Why a command line means no jobs.
    enum Fault: Error, Equatable {
        /// Neither ids nor a filter, and nobody said that all are meant.
        case nothing
        /// Ids beside a filter: which of the two?
        case both
    }

    init(ids: [String], filter: JobFilter, all: Bool) throws(Fault) {
        if ids.isEmpty {
            if filter.isEmpty, !all { throw .nothing }
            self = .matching(filter)
        } else {
            if !filter.isEmpty || all { throw .both }
            self = .ids(ids)
        }
    }
}
