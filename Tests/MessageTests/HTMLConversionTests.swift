import IDNA
import Scratch
import Testing

@testable import Message

@Suite("Text of HTML")
struct HTMLConversionTests {
    private func text(_ html: String) -> String { String(decoding: HTMLText.text(of: html), as: UTF8.self) }

    @Test(
        "Says what the HTML says",
        arguments: [
            ("", ""), ("Hello", "Hello\n"), ("<p>One</p><p>Two\n  three</p>", "One\n\nTwo three\n"),
            ("a<br>b<br/>c<br><br>d", "a\nb\nc\n\nd\n"), ("<div>a</div><div>b</div>", "a\nb\n"),
            ("<b>bold</b><i>italic</i>", "bolditalic\n"), ("x <b>y</b>, z", "x y, z\n"),
            ("<h1>Title</h1><p>Text</p>", "Title\n=====\n\nText\n"), ("<h2>Über</h2>x", "Über\n----\n\nx\n"),
            ("<h3>T</h3>x", "T\n\nx\n"),
            ("<a href=\"https://x.example/a?b=1&amp;c=2\">Click</a>.", "Click <https://x.example/a?b=1&c=2>.\n"),
            ("<a href='https://x.example/'>x.example</a>", "x.example\n"),
            ("<a href=https://x.example>https://x.example</a>", "https://x.example\n"),
            ("<a href='https://x\u{9D}.example/&#129;'>C1</a>", "C1 <https://x%C2%9D.example/%C2%81>\n"),
            ("<a href='mailto:a@b'>a@b</a> <a href='#top'>Top</a> <a href='javascript:x()'>J</a>", "a@b Top J\n"),
            ("<a href='http://x/1'>A</a><a href='http://x/2'>B</a>", "A <http://x/1> B <http://x/2>\n"),
            ("<a href='http://x/1'><img src=y alt='Logo &amp; Co'></a>", "Logo & Co <http://x/1>\n"),
            ("<a href='http://x/1'>open", "open <http://x/1>\n"),
            ("<ul><li></li><li>a</li><li></ul>x", "- a\n\nx\n"),
            ("<ul><li>One<li>Two</li></ul>x", "- One\n- Two\n\nx\n"),
            (
                "<ol><li>One</li><li>Two<ul><li>Deep</li></ul></li><li>Three</li></ol>",
                "1. One\n2. Two\n   - Deep\n3. Three\n"
            ),
            (
                "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea</td><td>2 €</td></tr></table>",
                "Item | Price\nTea | 2 €\n"
            ),
            ("<table><tr><td></td><td>a</td><td> </td><td>b</td></tr></table>", "| a | | b\n"),
            ("<table><tr><td>a</td><td><p>b</p></td></tr></table>", "a\n\nb\n"),
            ("<blockquote>said<br>so</blockquote>x", "> said\n> so\n\nx\n"),
            ("<p>a</p><blockquote><p>b<p>c</blockquote><p>d", "a\n\n> b\n>\n> c\n\nd\n"),
            ("<div style='color:red; Display : NONE'>a<div>b</div>c<img alt=d></div>e", "e\n"),
            ("<p hidden>a<p>b<img hidden alt=c>d<span style='display:none!important'>e</span>f", "bdf\n"),
            ("<table><tr><td style=display:none>a<td>b</table><i title='hidden' style='x:display'>c</i>", "b\n\nc\n"),
            ("a<hr>b", "a\n\n----------------------------------------\n\nb\n"),
            ("<pre>\n a  b\n\n  c</pre>d", " a  b\n\n  c\n\nd\n"),
            ("<pre>a\tb\u{1B}[2J\u{7F}\u{9B}1m&#155;&#127;c\u{85}</pre>", "a\tb[2J1m›c\n"),
            ("<head><title>T</title><style>p { x: \"</p>\" }</style><meta charset=utf-8></head><body>x</body>", "x\n"),
            ("<script>if (a < b) document.write('</p>')</SCRIPT >x<script>y", "x\n"),
            ("a<!-- <p>no</p> -->b<!--[if mso]>x<![endif]-->c<![if !mso]>d<![endif]><!doctype html>", "abcd\n"),
            (
                "&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&euro;&nbsp;&mdash;&unknown;&;&#;&#xD800;&#9999999;",
                "<&>\"'AB€ —&unknown;&;&#;\u{FFFD}\u{FFFD}\n"
            ),
            ("&#150;&#0;&copy", "–\u{FFFD}©\n"), ("a < b, 1<2 and <3", "a < b, 1<2 and <3\n"),
            ("x</p", "x\n"), ("x<a href=\"", "x\n"),
            ("<p title='a > b'>x</p>", "x\n"), ("<P CLASS=x>a<BR>b</P>", "a\nb\n"), ("<>x</>", "<>x</>\n"),
            ("pre\u{AD}view\u{200B}&zwnj;&nbsp;&zwnj;&nbsp;x", "preview\u{200C} x\n"),
            ("&zwnj;&nbsp;&zwnj;&nbsp;", ""),
            ("👩‍👩‍👧 Zoë", "👩‍👩‍👧 Zoë\n"), ("</ul></blockquote></pre></a>x", "x\n"),
            ("x<blockquote></h1>", "x\n"), ("<ul><li>xyz<ul></h2></ul>", "- xyz\n"),
        ])
    func converts(html: String, expected: String) {
        #expect(text(html) == expected)
    }

    @Test("Wraps at 78 characters, and breaks no URL")
    func wraps() {
        let url = "https://example.com/" + String(repeating: "x", count: 100)
        let html = "<ul><li>" + String(repeating: "Wörter und ", count: 40) + "<a href='\(url)'>hier</a></li></ul>"
        let lines = text(html).split(separator: "\n")
        #expect(lines.contains("  <\(url)>"))
        for line in lines where !line.contains(url) {
            #expect(line.count <= 78)
            #expect(line.count > 60 || line == lines.last || line == lines[lines.count - 2])
            #expect(line.hasPrefix(line == lines.first ? "- W" : "  "))
        }
    }
}

@Suite("What hostile HTML costs", .serialized, .ownThreads)
struct HTMLCostTests {
    @Test("Behind half a million tags the text ends, and says so; a page of nothing but tags is not called blank")
    func bounded() {
        let tags = String(repeating: "<b>", count: HTMLText.tokenLimit)
        #expect(String(decoding: HTMLText.text(of: "x\(tags)y"), as: UTF8.self) == "x\n\n[...]\n")
        #expect(HTMLText.isBlank("<b><i>") && !HTMLText.isBlank(tags + "<b>y"))
    }

    @Test(
        "Takes hostile HTML in linear time", .timeLimit(.minutes(1)),
        arguments: [
            "<", "<!--", "<a href=\"", "<script", "<script>", "&", "&#", "<ul><li>", "<blockquote>x", "<td>", "</",
            "<a b=c ", "<pre>\n",
            "&zwnj;", "<a href='http://x'>", "<br>", "\u{200C}", "<h1>x", "<b>", "<b hidden>", "<span hidden>",
            "<div><p></p>",
            "<table><td>x", "<table>", "<table><tr><td>a<td>b</table>", "<td colspan=20 rowspan=0>x", "<ol reversed>",
            "<ol reversed><li>x", "<svg>", "</p>",
            "</x>", "<b a b",
            "&notin", "<select><option>x", "<button><div>",
        ])
    func isLinear(unit: String) {
        let result = HTMLText.text(of: String(repeating: unit, count: 200_000 / unit.utf8.count))
        #expect(result.count < 2_400_000)
    }
}
