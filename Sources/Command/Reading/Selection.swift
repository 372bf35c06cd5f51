/// The jobs that a command line means. A verb that changes jobs never means all of them by accident.
enum Selection: Equatable {
    /// By name; `-` stands for those on standard input.
    case ids([String])
    case matching(JobFilter)

    /// Why a command line means no jobs.
    enum Fault: Error, Equatable {
        /// Neither ids nor a filter, and no `--all`.
        case nothing
        /// Ids together with a filter, which is ambiguous.
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
