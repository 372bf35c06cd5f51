internal import IDNA
internal import Linux
internal import Message
internal import Spool
internal import Text
internal import Time

/// Makes deferred jobs due: touch(1) on the files of `retry/`, which the daemon sees at once.
///
/// - Throws: if one cannot be touched, and when no job has the id.
func flushQueue(of path: String, _ selection: SendmailOptions.Selection) throws(Failure) {
    let reader = try openQueue(path)
    let now = Timestamp.now.nanoseconds
    var domain = ""
    if case .site(let site) = selection {
        // A text that is not a domain may be how a job names one all the same.
        domain = (try? Address(user: "x", at: site))?.domain ?? site.lowercasedASCII
    }
    var count = 0
    for bucket in Bucket.allCases {
        let state = State.retry(bucket)
        try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
            guard let text = name.text else { return }
            switch selection {
            case .all: break
            case .job(let id): if !text.isExactly(id) { return }
            case .site:
                guard let job = try Glance(name, in: state, at: directory) else { return }
                guard job.recipients.contains(where: { isAddress($0, at: domain) }) else { return }
            }
            do throws(Errno) {
                try directory.setModified(text, nanoseconds: now)
                count += 1
            } catch {
                // It was claimed, sent or removed meanwhile.
                if error != .noEntry { throw Failure(SpoolError(.touch, "\(state.path)/\(text)", error)) }
            }
        }
    }
    if case .job(let id) = selection, count == 0 { throw Failure(.noInput, "no deferred job \(printable(id))") }
}

/// Tells whether an address, with or without a name before it, is at the domain, which is in lower case.
private func isAddress(_ text: String, at domain: String) -> Bool {
    guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return false }
    let name = text.utf8[text.utf8.index(after: at)...].prefix { $0 != UInt8(ascii: ">") && !$0.isSpace }
    return name.isSame(asLowercase: domain)
}
