internal import JSON
internal import Text

/// A file that goes with the mail.
public struct Attachment: Hashable, Sendable {
    /// Where the bytes are.
    public enum Source: Hashable, Sendable {
        /// In the job itself.
        case content([UInt8])
        /// A name below the daemon's `attachments_directory`, read at each attempt.
        case file(String)
    }

    /// The name that the recipient sees; for ``Source/file(_:)`` the file's own if nil.
    public var filename: String?
    /// The media type, `application/pdf`; by the name if nil.
    public var contentType: String?
    /// The id by which HTML refers to it, `cid:logo`.
    public var cid: String?
    public var source: Source

    public init(_ source: Source, filename: String? = nil, contentType: String? = nil, cid: String? = nil) {
        self.source = source
        self.filename = filename
        self.contentType = contentType
        self.cid = cid
    }

    func json() throws(SubmitError) -> JSON {
        var object = JSON.Object()
        for (name, text) in [("filename", filename), ("contentType", contentType), ("cid", cid)] {
            if let text { object[name] = .string(try singleLine(text, "attachments")) }
        }
        switch source {
        case .content(let bytes): object["content"] = .string(String(decoding: Base64.encode(bytes), as: UTF8.self))
        case .file(let name): object["file"] = .string(name)
        }
        return .object(object)
    }
}
