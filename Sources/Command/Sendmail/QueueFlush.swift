internal import Linux
internal import Spool
internal import Text
internal import Time

/// Makes deferred jobs due: touch(1) on the files of `retry/`, which the daemon sees at once.
///
/// - Throws: if one cannot be touched, and when no job has the id.
func flushQueue(of path: String, _ selection: SendmailOptions.Selection) throws(Failure) {
    let reader = try openQueue(path)
    let now = Timestamp.now.nanoseconds
    var count = 0
    for bucket in Bucket.allCases {
        let state = State.retry(bucket)
        try reader.forEachEntry(of: state.path) { (name, directory) throws(Failure) in
            guard let text = name.text else { return }
            switch selection {
            case .all: break
            case .job(let id): if text != id { return }
            case .site(let site):
                guard let job = try Glance(name, in: state, at: directory) else { return }
                guard job.recipients.contains(where: { isAddress($0, at: site) }) else { return }
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

/// Whether an address, with or without a name before it, is at the domain.
private func isAddress(_ text: String, at site: String) -> Bool {
    guard let at = text.lastIndex(of: "@") else { return false }
    let domain = text[text.index(after: at)...].prefix { $0 != ">" && !$0.isWhitespace }
    return domain.lowercased() == site.lowercased()
}
