import IDNA
import Testing

@testable import Message

/// Bodies of whole messages for a relay without 8BITMIME, and those with lines over 998 octets.
@Suite("Whole messages in seven bits")
struct SevenBitTests {
    private func lines(_ text: String) -> [UInt8] {
        Array(text.unicodeScalars.map(String.init).map { $0 == "\n" ? "\r\n" : $0 }.joined().utf8)
    }

    /// Its parts, after a look at what must hold for each result.
    private func convert(_ message: [UInt8]) -> (text: String, read: ReadMessage) {
        let result = sevenBit(message)
        let header = result.firstIndex(of: 0x0D) ?? 0
        #expect(result[header...].allSatisfy { $0 < 0x80 })
        #expect(sevenBit(result) == result)
        let (before, after) = (ReadMessage(message), ReadMessage(result))
        #expect(before.parts.map(\.type) == after.parts.map(\.type))
        #expect(before.parts.map(\.filename) == after.parts.map(\.filename))
        for (old, new) in zip(before.parts, after.parts) where !old.type.hasPrefix("message/") {
            #expect(old.content == new.content)
        }
        return (String(decoding: result, as: UTF8.self), after)
    }

    @Test("A message of seven bits is returned as it is")
    func isSame() {
        let message = lines("Subject: x\nContent-Transfer-Encoding: 8bit\n\nGruesse")
        #expect(sevenBit(message) == message)
        #expect(sevenBit([]) == [])
    }

    @Test("A text of 8 bits becomes quoted-printable, one that is mostly such base64")
    func converts() {
        let mime =
            "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
        #expect(
            sevenBit(lines(mime + "\nFreundliche Grüße von allen\n"))
                == lines(mime.replacing("8bit", with: "quoted-printable") + "\nFreundliche Gr=C3=BC=C3=9Fe von allen\n")
        )
        let greek = convert(lines(mime + "\nΚαλημέρα κόσμε\n"))
        #expect(greek.text.contains("Content-Transfer-Encoding: base64\r\n"))
    }

    @Test("What does not say what it is gets the fields that say it")
    func labels() {
        let plain = convert(lines("Subject: x\n\nGrüße\n"))
        #expect(plain.text.contains("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"))
        let latin = convert(lines("Subject: x\n\nMit freundlichem G") + [0xFC, 0x0D, 0x0A])
        #expect(
            latin.text.contains(
                "charset=unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nMit freundlichem G=FC"))
        let wrong = convert(lines("Content-Type: text/html\nContent-Transfer-Encoding: 7bit\n\n<p>Many words, and ü\n"))
        #expect(wrong.text.contains("text/html\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable"))
    }

    @Test("Parts are converted one by one, at any depth, and their wholes say 7bit")
    func nests() {
        let result = convert(
            lines(
                """
                MIME-Version: 1.0
                Content-Type: multipart/mixed; name="a;b"; boundary="=_a b"
                Content-Transfer-Encoding: 8bit

                Vorwort ü
                --=_a b

                ohne Kopf: ü
                --=_a b
                Content-Type: multipart/alternative; boundary="=inner"
                Content-Transfer-Encoding: binary

                --=inner
                Content-Transfer-Encoding: 8bit

                plain
                --=inner
                Content-Type: text/html
                Content-Transfer-Encoding: quoted-printable

                <p>Much more text, ü =C3=BC=3D=
                x
                --=inner--
                --=_a b
                Content-Type: application/octet-stream; name="gruen.bin"
                Content-Transfer-Encoding: base64

                w7w=
                --=_a b--
                Nachwort ü

                """))
        #expect(result.read.parts.count == 4)
        #expect(!result.text.contains("8bit") && !result.text.contains("binary"))
        #expect(result.text.contains("Vorwort ??") && result.text.contains("Nachwort ??"))
        #expect(result.read.parts[0].text == "ohne Kopf: ü")
        #expect(result.read.parts[2].text == "<p>Much more text, ü ü=x")
        #expect(result.read.parts[3].text == "ü")
    }

    @Test("Inner messages are converted with their headers, those of a digest too")
    func messages() {
        let inner = "From: Zoë <z@x.example>\nSubject: Grüße\nX-Old: x\n\nFreundliche Grüße von allen\n"
        for head in ["message/rfc822\n\n", "multipart/digest; boundary=b\n\n--b\n\n"] {
            let message = lines("MIME-Version: 1.0\nContent-Type: " + head + inner)
            let result = sevenBit(message)
            #expect(result.allSatisfy { $0 < 0x80 })
            let text = String(decoding: result, as: UTF8.self)
            #expect(text.contains("From: =?utf-8?q?Zo=C3=AB?= <z@x.example>\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"))
            #expect(
                text.contains(
                    "Content-Transfer-Encoding: quoted-printable\r\n\r\nFreundliche Gr=C3=BC=C3=9Fe von allen\r\n"))
        }
        let latin = lines("Content-Type: message/rfc822\n\nSubject: G") + [0xFC] + lines("\n\nx\n")
        #expect(String(decoding: sevenBit(latin), as: UTF8.self).contains("Subject: =?utf-8?b?R8O8?=\r\n\r\nx\r\n"))
    }

    @Test("What no encoding is allowed for stays")
    func stays() {
        let partial = lines("Content-Type: message/partial; id=x\n\nü\n")
        #expect(sevenBit(partial) == partial)
        let broken = lines("Content-Type: text/plain; name=ü; x\nContent-Transfer-Encoding: base64\n\nw7w=ü\n")
        #expect(String(decoding: sevenBit(broken), as: UTF8.self).hasSuffix("base64\r\n\r\nw7w=\r\n"))
        let bare = lines("Content-Type: multipart/mixed; x=\";\"; boundary==é=; y\n\n--=é=\n\nü\n--=é=--\n")
        #expect(sevenBit(bare).drop { $0 != 0x0D }.allSatisfy { $0 < 0x80 })
        let odd = lines("Content-Type: multipart/mixed; a=b=c; boundary==e=\n\n--=e=\n\nManchmal ein ü\n--=e=--\n")
        #expect(String(decoding: sevenBit(odd), as: UTF8.self).hasSuffix("Manchmal ein =C3=BC\r\n--=e=--\r\n"))
        let own = lines("Content-Transfer-Encoding: x-uuencode\n\nü\n")
        #expect(sevenBit(own) == own)
    }

    @Test(
        "Whatever stands there, the result is a message of the same length or so, in linear time",
        arguments: [
            "Content-Type: multipart/mixed; boundary=a\n\n--a\n", "--a\n", "Content-Type: message/rfc822\n\n", "ü",
            "ü\n",
            "Content-Type: multipart/mixed; boundary=\"", ";", "\n", ": ",
        ])
    func isLinear(unit: String) {
        let message = lines("Subject: x\n" + String(repeating: unit, count: 200_000 / unit.utf8.count) + "\nü")
        #expect(sevenBit(message).count < message.count * 5)
        #expect(withoutLongLines(message, domains: .idna).count < message.count * 5)
    }

    @Test("A part with lines over 998 octets is encoded, and no other")
    func longLines() {
        let long = String(repeating: "word ", count: 300)
        func message(_ kind: String) -> [UInt8] {
            lines(
                "MIME-Version: 1.0\nContent-Type: multipart/\(kind); boundary=b\n\n--b\n\nGrüße\n--b\n"
                    + "Content-Type: text/plain\nContent-Transfer-Encoding: 8bit\n\n\(long)\n--b--\n")
        }
        let result = withoutLongLines(message("mixed"), domains: .idna)
        let text = String(decoding: result, as: UTF8.self)
        #expect(text.contains("--b\r\n\r\nGrüße\r\n--b\r\nContent-Type: text/plain\r\n"))
        #expect(text.contains("Content-Transfer-Encoding: quoted-printable\r\n"))
        #expect(ReadMessage(result).parts[1].text == long)
        #expect(result.split(separator: 0x0A).allSatisfy { $0.count <= 999 })
        #expect(withoutLongLines(message("signed"), domains: .idna) == message("signed"))
    }
}
