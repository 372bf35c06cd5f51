import Foundation
import Scratch
import Testing

/// outspool-smtpd, daemon and sink together.
@Suite("Mail through the door", .serialized, .ownThreads)
struct DoorDeliveryTests {
    private let place: Workplace
    private let port: UInt16

    init() throws {
        place = try Workplace()
        try place.configure(port: try place.sink())
        _ = try place.daemon()
        _ = try place.start(
            Program.built("outspool-smtpd").path,
            [
                "--listen", "127.0.0.1:0", "--box", place.spool.path, "--templates",
                place.root.appending(path: "templates").path,
            ], name: "door")
        let output = place.root.appending(path: "door.out")
        let place = place
        try place.wait("the door to listen") { place.text(output).contains("\n") }
        port = try #require(UInt16(place.text(output).prefix { $0 != "\n" }.split(separator: ":").last ?? ""))
    }

    /// Sends a message; the last reply.
    private func send(_ message: String) throws -> String {
        let client = try RawClient(port)
        try client.ask("EHLO client.example", expect: 250)
        try client.ask("MAIL FROM:<shop@example.com>", expect: 250)
        try client.ask("RCPT TO:<zoe@example.com>", expect: 250)
        try client.ask("DATA", expect: 354)
        return try client.ask(message + "\r\n.")
    }

    @Test("A message is sent once, and its client's second try is discarded")
    func once() throws {
        let message = "From: shop@example.com\r\nSubject: x\r\nMessage-ID: <1@client.example>\r\n\r\ntext"
        let reply = try send(message)
        let id = String(try #require(reply.split(separator: " ").last)).trimmingCharacters(in: .newlines)
        try place.wait("the mail to be sent") { place.names("done").contains(id) }
        #expect(try send(message) == reply)
        try place.wait("the second to be discarded") {
            place.log.contains("\(id): discarded: the same job is in done/")
        }
        #expect(place.mails().count == 1)
    }

    @Test("Each recipient keeps the notifications that the client asked for, and the address that it had first")
    func notifications() throws {
        let client = try RawClient(port)
        try client.ask("EHLO client.example", expect: 250)
        try client.ask("MAIL FROM:<shop@example.com> RET=HDRS ENVID=order-1", expect: 250)
        try client.ask("RCPT TO:<zoe@example.com> NOTIFY=NEVER", expect: 250)
        try client.ask("RCPT TO:<bob@example.com> NOTIFY=FAILURE,DELAY ORCPT=rfc822;sales+2Bx@example.org", expect: 250)
        try client.ask("RCPT TO:<eve@example.com>", expect: 250)
        try client.ask("DATA", expect: 354)
        try client.ask("From: shop@example.com\r\n\r\ntext\r\n.", expect: 250)
        try place.wait("the mail to be sent") { place.mails().count == 1 }
        let mail = try #require(place.mails().first)
        #expect(mail.contains("X-Sink-DSN: <zoe@example.com>; notify=NEVER; orcpt=rfc822;zoe@example.com;"))
        let bob = "X-Sink-DSN: <bob@example.com>; notify=FAILURE,DELAY; orcpt=rfc822;sales+2Bx@example.org;"
        #expect(mail.contains(bob))
        #expect(mail.contains("X-Sink-DSN: <eve@example.com>; orcpt=rfc822;eve@example.com;"))
        #expect(mail.contains("; ret=HDRS; envid=order-1"))
    }

    @Test("A template that header fields ask for is sent, and a mistake is refused with its place")
    func template() throws {
        let fields =
            "From: shop@example.com\r\nTo: zoe@example.com\r\nX-Outspool-Template: hello\r\nX-Outspool-Id: order-1\r\n"
        let reply = try send(fields + "X-Outspool-Params: {\"name\":\"Zoë\"}\r\n\r\ndropped")
        #expect(reply == "250 2.0.0 Ok: queued as order-1\r\n")
        try place.wait("the mail to be sent") { place.names("done").contains("order-1") }
        let mail = try #require(place.mails().first)
        #expect(!mail.contains("dropped") && !mail.contains("X-Outspool"))
        #expect(try send(fields + "X-Outspool-Params: []\r\n\r\n").hasPrefix("554 5.6.0 X-Outspool-Params: is array"))
    }
}
