internal import JSON
package import Linux

/// The result of a look at a file in a waiting state, before any change.
package enum Examination: ~Copyable {
    /// A job, open for reading and appending.
    case job(OpenJob)
    /// A regular file of this daemon's that is not a job object, with the reason.
    case malformed(FileStatus, reason: String)
    /// A regular file of another user, who may have it open.
    case foreign(FileStatus)
    /// Not a regular file. It was not opened.
    case irregular(FileStatus)
    /// It was taken away meanwhile.
    case gone
}

/// A job's file, open, with what was read from it.
package struct OpenJob: ~Copyable {
    package let id: JobID
    package let status: FileStatus
    package let contents: JobFile
    package let file: Descriptor
}

extension SpoolTree {
    /// Looks at a file without changing its state.
    ///
    /// Nothing but a regular file is opened, and none whose object is over `limit` bytes is read whole. How many links
    /// it has does not matter here: only the spool's user can make one in its directories, as a backup by `cp -al`
    /// does, and a rename(2) moves the name that the spool has. Errors are the disk's or the operator's, never the
    /// job's.
    package func examine(_ id: JobID, in state: State, limit: Int) throws(SpoolError) -> Examination {
        do throws(SpoolError) {
            return try with(state) { (directory) throws(SpoolError) in
                try examine(id, at: directory, of: state, limit: limit)
            }
        } catch {
            if error.errno == .noEntry { return .gone }
            throw error
        }
    }

    private func examine(
        _ id: JobID, at directory: borrowing Directory, of state: State, limit: Int
    ) throws(SpoolError) -> Examination {
        // Put together only where it is told of.
        func path() -> String { "\(state.path)/\(id)" }
        let before = try step(.read, path(), directory.status(id.text))
        guard before.isRegular else { return .irregular(before) }
        guard before.owner == owner else { return .foreign(before) }
        let file = try step(.open, path()) { () throws(Errno) in
            if let file = try allowing(.accessDenied, directory.open(id.text, .append)) { return file }
            // It is this user's own, and was made by one with a strange umask.
            try directory.setMode(id.text, 0o600)
            return try directory.open(id.text, .append)
        }
        // What was looked at and what was opened may be two things.
        let status = try step(.read, path(), file.status())
        guard status.isRegular else { return .irregular(status) }
        guard status.owner == owner else { return .foreign(status) }
        let contents: JobFile
        do throws(JobFile.Fault) { contents = try JobFile(reading: file, size: status.size, limit: limit) } catch {
            switch error {
            case .disk(let errno): throw SpoolError(.read, path(), errno)
            case .malformed(let reason): return .malformed(status, reason: reason)
            }
        }
        if state == .new, contents.hasStrayText {
            return .malformed(status, reason: "text behind the job object: a file has one job")
        }
        return .job(OpenJob(id: id, status: status, contents: contents, file: file))
    }
}
