internal import JSON
package import Message
package import Spool
internal import Text

/// The most bytes that a job's attachments have together: a small job could name a large file ten thousand times.
private let totalLimit = 64 << 20

extension Job {
    /// Reads the attachments. Errors name the field.
    /// - Parameter content: how the content in the job is read.
    /// - Parameter contents: gives the bytes of the file of that name, of the attachment at that pointer. The name is a
    ///   plain one: no path, and not hidden.
    package func readAttachments<Failure>(
        content: ContentReading = .decoded,
        _ contents: (_ name: String, _ pointer: String) throws(Failure) -> [UInt8],
        otherwise failure: (JobError) -> Failure
    ) throws(Failure) -> [Attachment] {
        var read: [Attachment] = []
        var total = 0
        for (index, value) in attachments.enumerated() {
            let pointer = "/attachments/\(index)"
            var (attachment, name, size): (Attachment, String?, Int)
            do throws(JobError) { (attachment, name, size) = try form(value, pointer, content) } catch {
                throw failure(error)
            }
            if let name {
                attachment.content = try contents(name, pointer)
                size = attachment.content.count
            }
            total += size
            if total > totalLimit { throw failure(JobError("/attachments", "more than \(totalLimit) bytes")) }
            read.append(attachment)
        }
        return read
    }
}

/// How the base64 of an attachment is read.
package enum ContentReading {
    case decoded
    /// The caller has made the base64: a file of which only the names are judged is not decoded, and is empty.
    case trusted
}

/// An attachment, the name of the file that has its content, if one has, and how long the content in the job is.
private func form(
    _ value: JSON, _ pointer: String, _ reading: ContentReading
) throws(JobError) -> (Attachment, file: String?, size: Int) {
    guard let object = value.object else { throw JobError(pointer, "is \(value.typeName), not an object") }
    let fields = JobFields(object, below: pointer)
    try fields.allow { ["filename", "contentType", "cid", "content", "file"].contains($0) }
    var (bytes, size): ([UInt8], Int) = ([], 0)
    let file = try fields.string("file")
    let filename = try fields.string("filename") ?? file
    let type = try fields.string("contentType") ?? filename.flatMap(mediaType)
    switch (try fields.string("content"), file) {
    case (let content?, nil) where reading == .trusted && !isMessage(type):
        size = content.utf8.count / 4 * 3 - content.utf8.suffix(2).count { $0 == UInt8(ascii: "=") }
    case (let content?, nil):
        guard let decoded = Base64.decode(content.utf8, .lenient) else {
            throw JobError("\(pointer)/content", "is not base64")
        }
        (bytes, size) = (decoded, decoded.count)
    case (nil, let name?):
        let isPath = name.utf8.contains(UInt8(ascii: "/")) || name.utf8.contains(0)
        if name.isEmpty || name.begins(with: ".") || isPath {
            throw JobError("\(pointer)/file", "is not a plain file name")
        }
    default: throw JobError(pointer, "either content or file")
    }
    let attachment = Attachment(filename: filename, contentType: type, cid: try fields.string("cid"), content: bytes)
    return (attachment, file, size)
}

/// Tells whether the content is judged, too: a message may not be encoded.
private func isMessage(_ type: String?) -> Bool {
    type?.utf8.drop { $0 == 0x20 }.prefix(8).isSame(asLowercase: "message/") == true
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
