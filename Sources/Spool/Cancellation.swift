internal import Text

/// The file directly below the spool that asks the daemon to end the program that runs for a job: `cancel.ID`. It is
/// removed when it has been seen.
package enum Cancellation {
    private static let prefix = "cancel."

    /// The name of the file that cancels a job.
    package static func name(for id: JobID) -> String { prefix + id.text }

    /// The job that a file of that name cancels; nil for another file.
    package static func id(in name: String) -> JobID? {
        guard name.begins(with: prefix) else { return nil }
        return JobID(String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
    }
}
