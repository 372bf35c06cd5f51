/// Why a job cannot be made into a mail. Whose fault it is decides what becomes of it.
package enum MailError: Error, Equatable, CustomStringConvertible {
    /// The job is at fault, and will be at each attempt: it goes to `dead/`.
    case job(String)
    /// The template's, the configuration's, or an attachment's on this machine: the job waits
    /// for the repair.
    case ours(String)

    package var description: String {
        switch self {
        case .job(let reason), .ours(let reason): reason
        }
    }
}
