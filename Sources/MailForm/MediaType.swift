internal import Text

/// The media type of a file by the ending of its name; nil where that does not tell.
package func mediaType(of filename: String) -> String? {
    guard let dot = filename.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
    return types[String(decoding: filename.utf8[dot...].dropFirst().map(\.lowercased), as: UTF8.self)]
}

private let types = [
    "avif": "image/avif", "bmp": "image/bmp", "gif": "image/gif", "ico": "image/vnd.microsoft.icon",
    "jpeg": "image/jpeg", "jpg": "image/jpeg", "png": "image/png", "svg": "image/svg+xml", "tif": "image/tiff",
    "tiff": "image/tiff", "webp": "image/webp",
    "css": "text/css", "csv": "text/csv", "htm": "text/html", "html": "text/html", "ics": "text/calendar",
    "md": "text/markdown", "txt": "text/plain", "vcf": "text/vcard",
    "json": "application/json", "pdf": "application/pdf", "pkpass": "application/vnd.apple.pkpass",
    "xml": "application/xml", "zip": "application/zip", "gz": "application/gzip",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "mp3": "audio/mpeg", "mp4": "video/mp4", "wav": "audio/wav",
]
