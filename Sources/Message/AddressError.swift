/// Why a text is not an address.
package struct AddressError: Error, Equatable, CustomStringConvertible {
    /// The address as it was given; untrusted.
    package let text: String
    /// What is wrong with it, without the address.
    package let reason: String

    package init(text: String, reason: String) {
        self.text = text
        self.reason = reason
    }

    /// One line that quotes the address safely: `"zoe.example.com": no @`.
    package var description: String { "\(text.quotedForMessage): \(reason)" }
}
