import IDNA
import Testing

@testable import Message

/// The text says what the HTML shows: elements end where the standard ends them; numbers, columns and addresses stay.
@Suite("Elements in the text of HTML")
struct HTMLElementTests {
    private func text(_ html: String) -> String { String(decoding: HTMLText.text(of: html), as: UTF8.self) }

    @Test(
        "A hidden element ends where its end tag may be left out",
        arguments: [
            ("<p style=\"display:none\">Preheader<h1>Hello</h1><div>Body</div>", "Hello\n=====\n\nBody\n"),
            ("<ul><li style=\"display:none\">x</ul><p>Body</p>", "Body\n"),
            ("<table><tr><td><span style=\"display:none\">pre</td></tr><tr><td>Body</td></tr></table>", "Body\n"),
            ("<p style=display:none>pre<table><tr><td>Body</table>", "Body\n"),
            ("<table><tr hidden><td>a<tr><td>b<tbody hidden><tr><td>c<tbody><tr><td>d</table>", "b\nd\n"),
            ("<table><tr><td hidden>a<td>b<td><b hidden>c<td>d</table>e", "b | | d\n\ne\n"),
            ("<dl><dt hidden>t<dd>d<dt>e</dl>", "d\ne\n"), ("<h1 hidden>x<h3>y</h3>", "y\n"),
            ("<ul><li hidden>a<ul><li>b</ul><li>c</ul>", "- c\n"),
            ("<select><option hidden>a<option>b<optgroup hidden><option>c</select>d", "b d\n"),
            ("<ruby>漢<rt hidden>kan<rp>)</ruby>", "漢)\n"), ("<button hidden>a<button>b</button>", "b\n"),
            ("<div hidden><p>a</div>b", "b\n"), ("<p><span hidden>a<p>b", "b\n"),
            ("<div hidden><table><tr><td>a</div>b</table></div>c", "c\n"),
            ("<span hidden>a<span>b</span>c</span>d<b hidden>e<b>f</b>g</b>h", "dh\n"),
            ("<x-y hidden>a<x-y>b</x-y>c</x-y>d", "d\n"), ("<p hidden style='display:block'>a", "a\n"),
            ("<p style='display:none;display:block'>a<p style='display:none !important;display:block'>b", "a\n"),
            ("<dialog>a</dialog><dialog open>b</dialog><datalist><option>c</datalist>", "b\n"),
            ("<svg><path d=x><g><text>no</text><p>Body", "Body\n"), ("a<svg/>b<svg><a>c</a></svg>d", "abd\n"),
        ])
    func ends(html: String, expected: String) { #expect(text(html) == expected) }

    @Test("A hidden element without an end in 300 others hides no more than those")
    func isDeep() {
        let deep = String(repeating: "<div>", count: 300)
        #expect(text(deep + "<p hidden>a" + String(repeating: "</div>", count: 300) + "b").hasSuffix("b\n"))
        #expect(text("<div hidden>" + deep + "a" + String(repeating: "</div>", count: 301) + "b") == "b\n")
        let spans = String(repeating: "<span>", count: 300)
        #expect(text("<span hidden>" + spans + "a" + String(repeating: "</span>", count: 301) + "b") == "b\n")
    }

    @Test(
        "Links keep their addresses",
        arguments: [
            (
                "<a href=\"https://shop.example.com/files/invoice 2024 12.pdf\">Invoice</a>",
                "Invoice <https://shop.example.com/files/invoice%202024%2012.pdf>\n"
            ),
            ("<a href=' http://x/a\n b\t c&#32;d '>x</a>", "x <http://x/a%20b%20c%20d>\n"),
            ("<a href='http://x/\u{A0}\u{2028}\u{200B}&#1;a'>x</a>", "x <http://x/%C2%A0%E2%80%A8%E2%80%8B%01a>\n"),
            ("<a href='http://x/&lt;a>&quot;'>x</a>", "x <http://x/%3Ca%3E%22>\n"),
            ("<a href='http://x/?a=1&copy=2&amp;lt=3&ltx=4&not;'>x</a>", "x <http://x/?a=1&copy=2&lt=3&ltx=4¬>\n"),
            ("<a href='sms:+4912345'>Text us</a>", "Text us <sms:+4912345>\n"),
            ("<a href='XMPP:a@b'>x</a> <a href='matrix:r/a:b'>y</a>", "x <XMPP:a@b> y <matrix:r/a:b>\n"),
            ("<a href=' java\nscript:x()'>a</a> <a href='&#106;avascript&colon;x'>b</a>", "a b\n"),
            ("<a href='vbscript:x'>a</a> <a href='data:,x'>b</a> <a href='cid:x'>c</a>", "a b c\n"),
            (
                "<a href='about:blank'>a</a> <a href='blob:x'>b</a> <a href='//x/y'>c</a> <a href='x/y:z'>d</a>",
                "a b c d\n"
            ),
        ])
    func links(html: String, expected: String) { #expect(text(html) == expected) }

    @Test(
        "Values stay in their columns",
        arguments: [
            ("<tr><th>Item<th>Discount<th>Price<tr><td>Teapot<td><td>38", "Item | Discount | Price\nTeapot | | 38\n"),
            ("<tr><td><td>Mon<td>Tue<tr><td>Ann<td>&nbsp;<td>x<tr><td><td>y", "| Mon | Tue\nAnn | | x\n| y\n"),
            ("<tr><th>A<th>B<th>C<tr><td rowspan=2>a<td>b<td>c<tr><td>d<td>e", "A | B | C\na | b | c\n| d | e\n"),
            (
                "<tr><th>A<th>B<tbody><tr><td rowspan=0>a<td>b<tr><td>c<tbody><tr><td>d<td>e",
                "A | B\na | b\n| c\nd | e\n"
            ),
            ("<tr><th>A<th>B<th>C<tr><td colspan=2>a<td>c", "A | B | C\na | | c\n"),
            ("<tr><th>A<th>B<tr><td><p>a</p><td><div>b</div><tr><td><td><p>c</p>", "A | B\na | b\n| c\n"),
            ("<tr><th>A<th>B<tr><td><pre>a</pre><td>b", "A | B\na | b\n"),
            (
                "<tr><td><p>Item</p><td><p>Off</p><td><p>Price</p><tr><td><p>Cup<td><p>&nbsp;</p><td><div>5</div>",
                "Item | Off | Price\nCup | | 5\n"
            ),
            ("<tr><td>Cup<td><br></td><td>5", "Cup | | 5\n"),
            ("<tr><td><p>left</p><td><p>right</p>", "left\n\nright\n"),
            ("<tr><td><p>a<p>b<td>c<tr><td>d<td>e", "a\n\nb\n\nc\nd | e\n"),
            ("<tr><td width=20></td><td>Only to arrange</td><td></td></tr>", "Only to arrange\n"),
            ("<tr><td>a<td><table><tr><td>b<td>c</table><td>d", "a\n\nb | c\n\nd\n"),
        ])
    func columns(rows: String, expected: String) { #expect(text("<table>\(rows)</table>") == expected) }

    @Test("A table that only arranges has no empty columns", arguments: ["presentation", "none"])
    func arranges(role: String) {
        #expect(text("<table role=\(role)><tr><td><td>a<td><td>b</table>") == "a | b\n")
    }

    @Test(
        "Items have the numbers that they are shown with",
        arguments: [
            ("<ol start=\"5\"><li>a</li><li>b</li></ol>", "5. a\n6. b\n"),
            ("<ol><li value=\"100\">Coffee</li><li>Tea</li></ol>", "100. Coffee\n101. Tea\n"),
            ("<ol reversed><li>a<ol><li>b<li>c</ol><li hidden>d<li>e</ol>", "2. a\n   1. b\n   2. c\n1. e\n"),
            ("<ol reversed start=1><li>a<li>b<li>c</ol>", "1. a\n0. b\n-1. c\n"),
            ("<ol start=-1><li>a<li>b</ol><ul start=5><li value=7>c</ul>", "-1. a\n0. b\n\n- c\n"),
            ("<ol start=x><li>a<li value=' 7x'>b<li hidden>c<li>d</ol>", "1. a\n7. b\n8. d\n"),
            ("<ol start=99999999999999999999><li>a</ol>", "1000000000. a\n"),
            ("<ol type=a start=26><li>a<li>b<li type=I value=1994>c</ol>", "z. a\naa. b\nMCMXCIV. c\n"),
            ("<ol type=i start=0><li>a<li>b<li value=4000>c</ol>", "0. a\ni. b\n4000. c\n"),
        ])
    func numbers(html: String, expected: String) { #expect(text(html) == expected) }

    @Test("A long number leaves the line its width")
    func isWide() {
        let lines = text("<ol start=1000000><li>" + String(repeating: "abcd ", count: 40) + "</ol>").split(
            separator: "\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
    }

    @Test(
        "Characters have the names of HTML 5",
        arguments: [
            ("&ccaron; &Zcaron; &AMP; &copy 2024", "č Ž & © 2024\n"),
            ("&notit; &notin; &notinx &NotEqualTilde; &fjlig;", "¬it; ∉ ¬inx ≂̸ fj\n"),
            ("&ampx &#65 &#x41g &#00000000000000065; &zz; &CounterClockwiseContourIntegral;", "&x A Ag A &zz; ∳\n"),
            ("<img alt='a&copyb &copy; &copy'>", "a&copyb © ©\n"),
        ])
    func characters(html: String, expected: String) { #expect(text(html) == expected) }

    @Test("The table has all 2,231 names, 106 of them also without a semicolon")
    func hasAllNames() {
        let entries = HTMLCharacter.names.split(separator: " ")
        #expect(entries.count == 2_125)
        #expect(entries.count { $0.contains(":") } == 106)
        for entry in entries {
            let name = entry.prefix { $0 != ":" && $0 != "=" }
            var scalars = 0
            HTMLCharacter.decode(Array("&\(name);".utf8)[...]) { _ in scalars += 1 }
            #expect(scalars == (entry.contains("+") ? 2 : 1), "\(name)")
        }
    }

    @Test(
        "No words join, and no joiner is lost",
        arguments: [
            ("<p>x<select><option>a</option><option>b</option></select>", "x a b\n"),
            ("<button>a</button><button>b</button>", "a b\n"),
            ("<details><summary>a</summary>b</details><fieldset><legend>c</legend>d</fieldset>", "a\nb\nc\nd\n"),
            ("<b>می</b>&zwnj;<b>خواهم</b>", "می\u{200C}خواهم\n"), ("a<!-->b<!-- x --!>c<!--->d", "abcd\n"),
        ])
    func words(html: String, expected: String) { #expect(text(html) == expected) }
}
