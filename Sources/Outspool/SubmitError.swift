internal import Linux
internal import Spool

/// Why a job was not queued, and for two of the cases, that it was or may be.
public enum SubmitError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The same job is in the spool already, unchanged: in any state, or waiting in a drop box, where this process
    /// cannot look. If you chose ``Job/id`` as an idempotency key, take this for success. Another job of that id is
    /// ``invalid(field:reason:)``.
    case alreadyQueued(id: String)
    /// The job may be queued or not: the last wait for the disk failed. Submitting it again may
    /// send it twice, unless ``Job/id`` was chosen: then the second one ends in ``alreadyQueued(id:)`` or
    /// is found to be the same.
    case unsettled(id: String, Fault)
    /// Nothing is queued; the same submission can succeed later: a full disk, too many open files.
    case temporary(Fault)
    /// Nothing is queued, nor will be until the installation changes: no spool at this path, no right
    /// to submit.
    case unusable(Fault)
    /// Nothing is queued, nor will be: the job is at fault. The field is a JSON pointer
    /// (RFC 6901), `/priority`; empty for the whole job, `id` for the id.
    case invalid(field: String, reason: String)

    /// The system's error, and the file.
    public struct Fault: Hashable, Sendable, CustomStringConvertible {
        /// The file, relative to the spool where it lies in it.
        public let path: String
        /// See errno(3).
        public let errno: Int32
        /// One line: path, step, and the text of the error.
        public let description: String
    }

    /// One line.
    public var description: String {
        switch self {
        case .alreadyQueued(let id): "\(id) is already queued"
        case .unsettled(_, let fault), .temporary(let fault), .unusable(let fault): fault.description
        case .invalid(let field, let reason): field.isEmpty ? reason : "\(field): \(reason)"
        }
    }

    init(_ error: SpoolError, id: String = "") {
        let fault = Fault(path: error.path, errno: error.errno.rawValue, description: error.description)
        if error.step == .publish, error.errno == .exists {
            self = .alreadyQueued(id: id)
        } else if error.step == .settle {
            self = .unsettled(id: id, fault)
        } else {
            self = error.isTemporary ? .temporary(fault) : .unusable(fault)
        }
    }
}
