internal import JSON
package import Message
package import Spool
internal import Text

/// The most bytes that a job's attachments have together: a small job could name a large file ten thousand times.
private let totalLimit = 64 << 20

extension Job {
    /// Reads the attachments. Errors name the field.
    /// - Parameter contents: gives the bytes of the file of that name, of the attachment at that pointer. The name is a
    ///   plain one: no path, and not hidden.
    package func readAttachments<Failure>(
        _ contents: (_ name: String, _ pointer: String) throws(Failure) -> [UInt8],
        otherwise failure: (JobError) -> Failure
    ) throws(Failure) -> [Attachment] {
        var read: [Attachment] = []
        var total = 0
        for (index, value) in attachments.enumerated() {
            let pointer = "/attachments/\(index)"
            var (attachment, name): (Attachment, String?)
            do throws(JobError) { (attachment, name) = try form(value, pointer) } catch { throw failure(error) }
            if let name { attachment.content = try contents(name, pointer) }
            total += attachment.content.count
            if total > totalLimit { throw failure(JobError("/attachments", "more than \(totalLimit) bytes")) }
            read.append(attachment)
        }
        return read
    }
}

/// An attachment, and the name of the file that has its content, if one has.
private func form(_ value: JSON, _ pointer: String) throws(JobError) -> (Attachment, file: String?) {
    guard let object = value.object else { throw JobError(pointer, "is \(value.typeName), not an object") }
    let fields = JobFields(object, below: pointer)
    try fields.allow { ["filename", "contentType", "cid", "content", "file"].contains($0) }
    var bytes: [UInt8] = []
    let file = try fields.string("file")
    switch (try fields.string("content"), file) {
    case (let content?, nil):
        guard let decoded = Base64.decode(content.utf8, .lenient) else {
            throw JobError("\(pointer)/content", "is not base64")
        }
        bytes = decoded
    case (nil, let name?):
        let isPath = name.utf8.contains(UInt8(ascii: "/")) || name.utf8.contains(0)
        if name.isEmpty || name.begins(with: ".") || isPath {
            throw JobError("\(pointer)/file", "is no plain file name")
        }
    default: throw JobError(pointer, "either content or file")
    }
    let filename = try fields.string("filename") ?? file
    let attachment = Attachment(
        filename: filename, contentType: try fields.string("contentType") ?? filename.flatMap(mediaType),
        cid: try fields.string("cid"), content: bytes)
    return (attachment, file)
}

/// Throws unless each cid is that of one attachment, and the HTML shows none that no attachment has: either would be a
/// picture that the reader does not see.
package func judgeContentIDs(_ own: [Attachment], shownBy html: String?) throws(JobError) {
    var cids: Set<[UInt8]> = []
    for (index, attachment) in own.enumerated() {
        if let cid = attachment.cid, !cids.insert(Array(cid.utf8)).inserted {
            throw JobError("/attachments/\(index)/cid", "\(JSON.string(cid).text) is the cid of another attachment")
        }
    }
    for name in html.map(ContentReferences.names) ?? [] where !cids.contains(Array(name.utf8)) {
        throw JobError("/attachments", "none has the cid \(JSON.string(name).text) that the HTML shows")
    }
}
