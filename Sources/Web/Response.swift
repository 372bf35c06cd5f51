package import JSON
internal import Text

/// An answer: RFC 9110.
package struct Response: Sendable {
    package let status: Int
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]

    package init(_ status: Int, type: String, _ body: [UInt8], policy: Policy = .nothing) {
        self.status = status
        self.body = body
        fields = [
            ("Content-Type", type), ("Content-Security-Policy", policy.text), ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store"),
        ]
    }

    /// A page of ours.
    package init(_ status: Int = 200, page: HTML) {
        self.init(status, type: "text/html; charset=utf-8", Array(page.source.utf8), policy: .page)
    }

    package init(_ status: Int = 200, text: String) {
        self.init(status, type: "text/plain; charset=utf-8", Array((text + "\n").utf8))
    }

    package init(_ status: Int = 200, json: JSON) {
        self.init(status, type: "application/json", json.encoded + [0x0A])
    }

    /// See other: RFC 9110, section 15.4.4.
    package static func redirect(to link: Link) -> Response {
        var response = Response(303, text: "see \(link.text)")
        response.fields.append(("Location", link.text))
        return response
    }

    /// A file that is to be saved, whatever it says of its own type.
    /// - Parameter filename: from outside; what a field cannot carry is encoded: RFC 6266, RFC 8187.
    package static func download(_ bytes: [UInt8], type: String, filename: String) -> Response {
        // Types that browsers might show are not told.
        let isHarmless = type.begins(with: "image/") && !type.holds("svg") || type.isExactly("application/pdf")
        var response = Response(200, type: isHarmless ? type : "application/octet-stream", bytes)
        let encoded = filename.utf8.prefix(400).reduce(into: "") { text, byte in
            if byte.isLetterOrDigit || "-._".utf8.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%" + String(decoding: [UInt8.hexDigit(byte >> 4), UInt8.hexDigit(byte)], as: UTF8.self)
            }
        }
        let plain = String(
            String.UnicodeScalarView(
                filename.utf8.prefix(100).map {
                    $0.isLetterOrDigit || "-._".utf8.contains($0) ? Unicode.Scalar($0) : "_"
                }))
        response.fields.append(
            ("Content-Disposition", "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"))
        return response
    }

    /// A document that a mail's author wrote: it may style itself and show pictures that it carries, and nothing else.
    package static func foreign(html: String) -> Response {
        Response(200, type: "text/html; charset=utf-8", Array(html.utf8), policy: .foreign)
    }

    /// Has a browser ask again after so many seconds. Not as `<meta>`: so a page says it once, and only where it is shown.
    package func refreshing(after seconds: Int) -> Response {
        var response = self
        response.fields.append(("Refresh", String(seconds)))
        return response
    }
}

/// The rights of a document in a browser: CSP. There is no script in any of them.
package enum Policy: Sendable {
    /// A page: our style sheet, frames and forms of our own, pictures in the page.
    case page
    /// The HTML of a mail, in a frame of ours.
    case foreign
    /// Bytes that are not to be shown as a document.
    case nothing

    package var text: String {
        switch self {
        case .page:
            "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
                + "base-uri 'none'; frame-ancestors 'none'"
        case .foreign:
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
                + "form-action 'none'; frame-ancestors 'self'; sandbox"
        case .nothing: "default-src 'none'; frame-ancestors 'none'; sandbox"
        }
    }
}
