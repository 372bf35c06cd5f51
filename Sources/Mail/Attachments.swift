internal import Linux
internal import MailForm
internal import Message
internal import Spool

/// The most bytes of a file that is attached.
private let sizeLimit = 32 << 20

/// The job's attachments, those that it names by a file read now.
func attachments(_ job: Job, _ defaults: MailDefaults) throws(MailError) -> [Attachment] {
    try job.readAttachments(
        { (name, pointer) throws(MailError) in try contents(of: name, pointer, defaults) },
        otherwise: { .job("\($0)") })
}

/// Reads a file directly in the directory for attachments: no path, no link, nothing but a regular file.
private func contents(of name: String, _ pointer: String, _ defaults: MailDefaults) throws(MailError) -> [UInt8] {
    guard let path = defaults.attachmentsDirectory else {
        throw .ours("\(pointer)/file: the configuration has no attachments_directory")
    }
    do throws(Errno) {
        let directory = try Directory(path: path)
        let file = try directory.open(name)
        let status = try file.status()
        guard status.isRegular else { throw Errno.invalid }
        guard status.size <= sizeLimit else { throw Errno.tooBig }
        return try file.readAll(limit: sizeLimit, sizeHint: status.size)
    } catch {
        throw .ours("\(pointer)/file: \(path)/\(name): \(error)")
    }
}
