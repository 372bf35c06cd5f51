internal import Text

/// A request as it was received: RFC 9110.
package struct Request: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
    }

    package let method: Method
    package let target: Target
    /// In their order; names as they were sent.
    package let fields: [(name: String, value: String)]
    /// The form of a POST; empty for any other.
    package let form: Form

    package init(_ method: Method, _ target: Target, fields: [(name: String, value: String)], form: Form = Form()) {
        self.method = method
        self.target = target
        self.fields = fields
        self.form = form
    }

    package var path: [String] { target.path }
    package var query: Form { target.query }

    /// The values of a field, by its name in whatever case.
    package func values(_ name: String) -> [String] {
        fields.filter { $0.name.lowercasedASCII.isExactly(name.lowercasedASCII) }.map(\.value)
    }

    /// The value of a field that is there once; nil where it is not there, or there twice.
    package func value(_ name: String) -> String? {
        let values = values(name)
        return values.count == 1 ? values[0] : nil
    }
}
