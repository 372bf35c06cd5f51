import Testing

@testable import Feedback

@Suite("The table of bounces")
struct FeedbackTableTests {
    @Test("The first line that fits decides")
    func first() throws {
        let own = try FeedbackTable(
            Array("# ours\n\n55x x.1.1 policy temporary  mailbox*gone away \n".utf8), name: "b.conf")
        let table = own.followed(by: .standard)
        let gone = table.reading(code: 550, status: Status(5, 1, 1), text: "The MAILBOX\r\n\thas gone  away".utf8)
        #expect(gone == FeedbackTable.Reading(class: .policy, isPermanent: false, line: "b.conf:3"))
        #expect(
            table.reading(code: 550, status: Status(5, 1, 1), text: "gone away, the mailbox".utf8)?.class == .badAddress
        )
    }
}
