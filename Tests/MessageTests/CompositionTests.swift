import IDNA
import Testing
import Time

@testable import Message

@Suite("Composition")
struct CompositionTests {
    private func composition(_ change: (inout Composition) throws -> Void = { _ in }) rethrows -> Composition {
        var composition = Composition(
            from: Mailbox(checkedName: "Shop", address: CompositionTests.shop), subject: "Your order",
            date: Timestamp(seconds: 1_795_455_851), messageID: MessageID(job: "job1", at: "shop.example"))
        composition.to = [Mailbox(checkedName: "Zoë Schneider", address: CompositionTests.zoe)]
        try change(&composition)
        return composition
    }

    private static let shop = try! Address(parsing: "shop@shop.example")
    private static let zoe = try! Address(parsing: "zoe@bücher.example")

    private func text(_ composition: Composition) throws -> String {
        let bytes = try composition.compose().bytes
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(bytes == Array(text.utf8))
        #expect(!text.replacing("\r\n", with: "").contains { $0 == "\r" || $0 == "\n" })
        return text.replacing("\r\n", with: "\n")
    }

    private let header = """
        Date: Mon, 23 Nov 2026 17:44:11 +0000
        From: Shop <shop@shop.example>
        To: =?utf-8?q?Zo=C3=AB_Schneider?= <zoe@xn--bcher-kva.example>
        Subject: Your order
        Message-ID: <job1@shop.example>
        Auto-Submitted: auto-generated
        MIME-Version: 1.0

        """

    @Test("Writes a text alone")
    func textOnly() throws {
        let message = try text(composition { $0.text = "Hello\nworld" })
        #expect(
            message == header + """
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: 7bit

                Hello
                world

                """)
    }

    @Test("Makes a text of HTML alone")
    func htmlOnly() throws {
        let message = try text(composition { $0.html = "<p>Viele Grüße aus der Stadt</p>" })
        #expect(
            message == header + """
                Content-Type: multipart/alternative; boundary="=_0e4c765ae011c76f_0"

                --=_0e4c765ae011c76f_0
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                Viele Gr=C3=BC=C3=9Fe aus der Stadt

                --=_0e4c765ae011c76f_0
                Content-Type: text/html; charset=utf-8
                Content-Transfer-Encoding: quoted-printable

                <p>Viele Gr=C3=BC=C3=9Fe aus der Stadt</p>

                --=_0e4c765ae011c76f_0--

                """)
    }

    @Test("Writes all parts")
    func allParts() throws {
        let message = try text(
            composition {
                $0.text = "T"
                $0.html = "<img src=cid:logo.png>"
                $0.cc = [Mailbox(checkedName: nil, address: CompositionTests.shop)]
                $0.replyTo = [Mailbox(checkedName: "a, b", address: CompositionTests.shop)]
                $0.sender = Mailbox(checkedName: nil, address: CompositionTests.zoe)
                $0.headers = [
                    ExtraHeader(name: "X-Tag", value: "grün"),
                    ExtraHeader(name: "auto-submitted", value: "auto-replied"),
                ]
                $0.attachments = [
                    Attachment(filename: "Größe.pdf", contentType: "application/pdf", content: [1, 2, 3]),
                    Attachment(contentType: "image/png", cid: "logo.png", content: [4]),
                ]
            })
        #expect(
            message == """
                Date: Mon, 23 Nov 2026 17:44:11 +0000
                From: Shop <shop@shop.example>
                Sender: zoe@xn--bcher-kva.example
                Reply-To: "a, b" <shop@shop.example>
                To: =?utf-8?q?Zo=C3=AB_Schneider?= <zoe@xn--bcher-kva.example>
                Cc: shop@shop.example
                Subject: Your order
                Message-ID: <job1@shop.example>
                X-Tag: =?utf-8?b?Z3LDvG4=?=
                auto-submitted: auto-replied
                MIME-Version: 1.0
                Content-Type: multipart/mixed; boundary="=_0e4c765ae011c76f_0"

                --=_0e4c765ae011c76f_0
                Content-Type: multipart/alternative; boundary="=_0e4c765ae011c76f_1"

                --=_0e4c765ae011c76f_1
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: 7bit

                T

                --=_0e4c765ae011c76f_1
                Content-Type: multipart/related; type="text/html";
                 boundary="=_0e4c765ae011c76f_2"

                --=_0e4c765ae011c76f_2
                Content-Type: text/html; charset=utf-8
                Content-Transfer-Encoding: 7bit

                <img src=cid:logo.png.d8782ada5b468075@shop.example>

                --=_0e4c765ae011c76f_2
                Content-Type: image/png
                Content-Transfer-Encoding: base64
                Content-Disposition: inline
                Content-ID: <logo.png.d8782ada5b468075@shop.example>

                BA==
                --=_0e4c765ae011c76f_2--

                --=_0e4c765ae011c76f_1--

                --=_0e4c765ae011c76f_0
                Content-Type: application/pdf; name=Gr__e.pdf
                Content-Transfer-Encoding: base64
                Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf

                AQID
                --=_0e4c765ae011c76f_0--

                """)
    }

    @Test("Finds a boundary that no part has")
    func avoidsBoundary() throws {
        let usual = "=_0e4c765ae011c76f"
        let message = try text(
            composition {
                $0.html = "x"
                $0.text = "--\(usual)_0\n--=_0e4c765ae011c770_0\n=_=_0E4C765AE011C771=_"
            })
        #expect(message.contains("boundary=\"=_0e4c765ae011c772_0\""))
    }

    @Test("Says when a relay must take UTF-8 or eight bits")
    func flags() throws {
        let plain = try composition { $0.text = "ü" }.compose()
        #expect(!plain.needs8Bit && !plain.needsSMTPUTF8)
        let local = try composition {
            $0.text = "x"
            $0.cc = [try Mailbox(parsing: "zoë@example.com")]
        }.compose()
        #expect(local.needs8Bit && local.needsSMTPUTF8)
        let attached = try composition {
            $0.text = "x"
            let original = Array("Subject: ü\n\nx".utf8)
            $0.attachments = [Attachment(contentType: "message/rfc822", content: original)]
        }.compose()
        #expect(attached.needs8Bit && !attached.needsSMTPUTF8)
        #expect(String(decoding: attached.bytes, as: UTF8.self).contains("8bit\r\n"))
    }

    @Test("Says so when nobody is named")
    func namesNobody() throws {
        let message = try text(
            composition {
                $0.text = "x"
                $0.to = []
            })
        #expect(message.contains("\nTo: undisclosed-recipients:;\n"))
    }

    @Test(
        "Refuses header fields",
        arguments: [
            ("To", "x", "field of its own, to"), ("from", "x", "own"), ("SUBJECT", "x", "own"), ("Date", "x", "own"),
            ("Message-Id", "x", "own"), ("Bcc", "x", "own"), ("Reply-To", "x", "own"), ("Content-Type", "x", "cannot"),
            ("MIME-Version", "1.0", "cannot"), ("Received", "x", "cannot"), ("Return-Path", "x", "cannot"),
            ("DKIM-Signature", "x", "cannot"), ("Resent-To", "x", "cannot"), ("ARC-Seal", "x", "cannot"),
            ("", "x", "a name is"), ("X Y", "x", "a name is"), ("X:", "x", "a name is"), ("Xü", "x", "a name is"),
            ("X\r\nBcc: a@b", "x", "a name is"), (String(repeating: "X", count: 61), "x", "a name is"),
            ("X", "a\r\nBcc: b@c", "control"), ("X", "a\n b", "control"), ("X", "a\0", "control"),
            ("X", "\u{9B}", "control"),
            ("X", String(repeating: "x", count: 931), "without a space"), ("References", "<x>", "twice"),
            ("LIST-ID", "<x>", "twice"),
        ])
    func refusesHeader(name: String, value: String, reason: String) {
        let composition = composition {
            $0.text = "x"
            $0.headers = [
                ExtraHeader(name: "references", value: "<y>"), ExtraHeader(name: "List-Id", value: "<y>"),
                ExtraHeader(name: name, value: value),
            ]
        }
        let error = #expect(throws: CompositionError.self) { try composition.compose() }
        #expect(error?.field == "headers")
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
        #expect(error?.description.utf8.contains { $0 < 0x20 } == false)
    }

    @Test(
        "Allows header fields",
        arguments: [
            (
                "List-Unsubscribe", "<mailto:u@x>, <https://x/?a=?b>",
                "List-Unsubscribe: <mailto:u@x>, <https://x/?a=?b>\n"
            ),
            ("In-Reply-To", "<a@b>", "In-Reply-To: <a@b>\n"), ("X-Empty", "", "X-Empty:\n"),
            ("List-Id", "Zoë Mail <l.x>", "List-Id: =?utf-8?q?Zo=C3=AB?= Mail <l.x>\n"),
            ("Importance", "high", "Importance: high\n"),
            ("X-Long", String(repeating: "x", count: 930), "X-Long: \(String(repeating: "x", count: 930))\n"),
        ])
    func allowsHeader(name: String, value: String, expected: String) throws {
        let message = try text(
            composition {
                $0.text = "x"
                $0.headers = [ExtraHeader(name: name, value: value)]
            })
        #expect(message.contains("\n" + expected))
    }

    @Test(
        "Refuses attachments",
        arguments: [
            ("a\nb", nil, nil), (String(repeating: "x", count: 1025), nil, nil), ("a", "pdf", nil),
            ("a", "a/b\r\nX: y", nil),
            ("a", "multipart/mixed", nil), ("a", "message/partial; id=x", nil), ("a", nil, ""), ("a", nil, "a b"),
            ("a", nil, "a>"), ("a", nil, "a\r\n"), ("a", nil, "ü"), ("a", "message/rfc822", nil),
        ] as [(String?, String?, String?)])
    func refusesAttachment(filename: String?, type: String?, cid: String?) {
        let composition = composition {
            $0.text = "x"
            $0.attachments = [
                Attachment(content: []), Attachment(filename: filename, contentType: type, cid: cid, content: [0]),
            ]
        }
        let error = #expect(throws: CompositionError.self) { try composition.compose() }
        #expect(error?.field == "attachments[1]")
    }

    @Test("Refuses what is no mail")
    func refusesNoBody() {
        #expect(throws: CompositionError("text", "neither text nor html")) { try composition().compose() }
        let injected = composition {
            $0.text = "x"
            $0.subject = "a\r\nBcc: x@y"
        }
        #expect(throws: CompositionError.self) { try injected.compose() }
    }
}
