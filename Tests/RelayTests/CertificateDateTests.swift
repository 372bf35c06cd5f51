import Relay
import Testing
import Time

@Suite("Dates of certificates")
struct CertificateDateTests {
    @Test(
        "As OpenSSL prints them",
        arguments: [
            ("Nov 24 07:18:23 2026 GMT", "2026-11-24T07:18:23Z"), ("Feb  4 00:00:00 2032 GMT", "2032-02-04T00:00:00Z"),
            ("Bad 24 07:18:23 2026 GMT", nil), ("Nov 24 07:18:23 2026", nil), ("", nil),
            ("Nov 31 07:18:23 2026 GMT", nil),
        ] as [(String, String?)])
    func dates(text: String, date: String?) { #expect(Timestamp(certificate: text)?.rfc3339Seconds == date) }
}
