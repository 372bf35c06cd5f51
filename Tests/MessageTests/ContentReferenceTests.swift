import IDNA
import Text
import Testing
import Time

@testable import Message

@Suite("References to parts")
struct ContentReferenceTests {
    @Test(
        "Where HTML refers to a part",
        arguments: [
            (#"<img src="cid:a.png">"#, ["a.png"]), ("<img src='cid:a.png'>", ["a.png"]),
            ("<IMG SRC=CID:a.png >", ["a.png"]),
            (
                #"<td background="cid:a" style="background: url(cid:b) url('cid:c'),url(&quot;cid:d&quot;)">"#,
                ["a", "b", "c", "d"]
            ),
            (#"<img srcset="cid:a 1x, cid:b 2x" src=" cid:c">"#, ["a", "b", "c"]),
            ("<style>p { background: url(cid:a) }</style>", ["a"]),
            ("<style>p { background: url(cid:a) }</style", ["a"]), ("<svg", []), ("<style>", []), ("<!--", []),
            ("<!--[if mso]><v:fill src=\"cid:a\"/><![endif]-->", ["a"]),
            (#"<img src="cid:a%20b"><img src="cid:a%20b">"#, ["a b"]), (#"<img src="cid:%zz">"#, []),
            ("<svg><image href=\"cid:a\"/></svg>", ["a"]), (#"<img src="cid:a@b.example">"#, ["a@b.example"]),
            // What somebody reads is no reference.
            (#"<p title="cid:a">(cid:b) "cid:c" =cid:d</p><img alt="cid:e" src="x">"#, []),
            ("<script>x = \"cid:a\"</script><textarea>'cid:b'</textarea>", []),
            (#"<img src="acid:a"><img src="cid:"><a href="http://x/cid:a">"#, []), ("", []), ("cid:", []),
            ("<img src=cid:a", ["a"]),
        ] as [(String, [String])])
    func names(html: String, names: [String]) { #expect(ContentReferences.names(in: html) == names) }

    private func composed(_ html: String, _ cids: [String?], id: String = "job1", at domain: String = "shop.example")
        -> (html: String?, cids: [String?])
    {
        let address = try! Address(parsing: "a@b.example")
        var mail = Composition(
            from: Mailbox(checkedName: nil, address: address), subject: "", date: Timestamp(seconds: 0),
            messageID: MessageID(job: id, at: domain))
        mail.html = html
        mail.attachments = cids.map { Attachment(cid: $0, content: []) }
        let unique = mail.related(html: html)
        return (unique.html, unique.attachments.map { $0.0.cid })
    }

    @Test("An id of the job's own becomes unique, in the HTML as well; others stay")
    func unique() throws {
        let html =
            #"<p>é cid:a.png</p><img src="cid:a.png"><i style="background:url(cid:a.png)"><img src="cid:b@c"><img src=cid:no>"#
        let made = composed(html, ["a.png", "b@c", "unused", nil])
        let id = try #require(made.cids[0])
        #expect(id.hasPrefix("a.png.") && id.hasSuffix("@shop.example") && id.count == 35)
        #expect(made.cids.dropFirst() == ["b@c", nil, nil])
        #expect(
            made.html == html.replacing("\"cid:a.png", with: "\"cid:\(id)").replacing("(cid:a.png", with: "(cid:\(id)"))
        // The same at each attempt, another one for another mail.
        #expect(composed(html, ["a.png"]).cids == [id])
        #expect(composed(html, ["a.png"], id: "job2").cids != [id])
    }

    @Test(
        "Whatever the id is, what comes of it stands in URL and header as it is",
        arguments: ["a b", "a..b", ".a", "a.", "ä", "a(b)\"<>\\", String(repeating: "x", count: 240), "%"])
    func hostile(cid: String) throws {
        for domain in ["shop.example", "[192.0.2.1]", "bücher", String(repeating: "d", count: 250)] {
            let written = cid.utf8.map { byte in "%" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }
                .joined()
            let id = try #require(composed("<img src='cid:\(written)'>", [cid], at: domain).cids[0])
            #expect(id.utf8.count <= 250)
            let address = try Address(parsing: id)
            #expect(address.text == id && !id.contains("\"") && !id.contains("%"))
        }
    }
}
