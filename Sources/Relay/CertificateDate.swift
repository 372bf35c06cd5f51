package import Time

extension Timestamp {
    /// Reads a certificate's date as OpenSSL prints it: `Nov  4 17:44:11 2026 GMT`. See ASN1_TIME_print(3).
    package init?(certificate text: String) {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let words = text.split(separator: " ")  // exact: from OpenSSL
        guard words.count == 5, words[4] == "GMT", let month = months.firstIndex(of: String(words[0])) else {
            return nil
        }
        func two(_ text: some StringProtocol) -> String { text.utf8.count < 2 ? "0\(text)" : String(text) }
        self.init(rfc3339: "\(words[3])-\(two(String(month + 1)))-\(two(words[1]))T\(words[2])Z")
    }
}
