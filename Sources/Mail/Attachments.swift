internal import JSON
internal import Linux
internal import Message
internal import Spool
internal import Text

/// The most bytes of a file that is attached.
private let sizeLimit = 32 << 20
/// The most bytes that a job's attachments have together: a small job could name a large file ten
/// thousand times.
private let totalLimit = 64 << 20

/// The job's attachments, those that it names by a file read now.
func attachments(_ job: Job, _ defaults: MailDefaults) throws(MailError) -> [Attachment] {
    var attachments: [Attachment] = []
    var total = 0
    for (index, value) in job.attachments.enumerated() {
        let attachment = try attachment(value, "/attachments/\(index)", defaults)
        total += attachment.content.count
        if total > totalLimit { throw .job("/attachments: more than \(totalLimit) bytes") }
        attachments.append(attachment)
    }
    return attachments
}

private func attachment(_ value: JSON, _ pointer: String, _ defaults: MailDefaults) throws(MailError) -> Attachment {
    guard let object = value.object else { throw .job("\(pointer): is \(value.typeName), not an object") }
    let fields = JobFields(object, below: pointer)
    func text(_ name: String) throws(MailError) -> String? {
        do throws(JobError) { return try fields.string(name) } catch { throw .job("\(error)") }
    }
    do throws(JobError) {
        try fields.allow { ["filename", "contentType", "cid", "content", "file"].contains($0) }
    } catch { throw .job("\(error)") }
    let bytes: [UInt8]
    let name = try text("file")
    switch (try text("content"), name) {
    case (let content?, nil):
        guard let decoded = Base64.decode(content.utf8, .lenient) else {
            throw .job("\(pointer)/content: is not base64")
        }
        bytes = decoded
    case (nil, let name?): bytes = try contents(of: name, pointer, defaults)
    default: throw .job("\(pointer): either content or file")
    }
    let filename = try text("filename") ?? name
    return Attachment(
        filename: filename, contentType: try text("contentType") ?? filename.flatMap(mediaType),
        cid: try text("cid"), content: bytes)
}

/// Reads a file directly in the directory for attachments: no path, no link, nothing but a regular file.
private func contents(of name: String, _ pointer: String, _ defaults: MailDefaults) throws(MailError) -> [UInt8] {
    guard let path = defaults.attachmentsDirectory else {
        throw .ours("\(pointer)/file: the configuration has no attachments_directory")
    }
    guard !name.isEmpty, !name.begins(with: "."), !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else {
        throw .job("\(pointer)/file: is no plain file name")
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
