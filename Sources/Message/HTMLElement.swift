/// The elements that the text or the end of other elements depends on: HTML, sections 4 and 13.2.4.
enum HTMLElement: String, CaseIterable {
    case a, b, big, code, em, font, i, nobr, s, small, strike, strong, tt, u
    case area, base, basefont, bgsound, br, col, embed, frame, hr, img, input, keygen, link, meta, param, source, track
    case wbr
    case h1, h2, h3, h4, h5, h6
    case caption, colgroup, table, tbody, td, tfoot, th, thead, tr
    case dd, dir, dl, dt, li, menu, ol, ul
    case address, article, aside, blockquote, center, details, dialog, div, fieldset, figcaption, figure, footer, form
    case header, hgroup, legend, listing, main, nav, p, plaintext, pre, search, section, summary, xmp
    case button, datalist, optgroup, option, select
    case body, frameset, head, html
    case applet, iframe, marquee, noembed, noframes, noscript, object, script, style, svg, template, textarea, title
    case rb, rp, rt, rtc, ruby
    case audio, canvas, math, meter, picture, progress, video
    case span, sub, sup, `var`
    /// Any other: it has no part in the ends of those above.
    case other

    static let names = HTMLName.Table<HTMLElement>()

    /// Tells whether it has no content and no end tag.
    var isVoid: Bool {
        switch self {
        case .area, .base, .basefont, .bgsound, .br, .col, .embed, .frame, .hr, .img, .input, .keygen, .link, .meta,
            .param, .source, .track, .wbr:
            true
        default: false
        }
    }

    /// Tells whether its content is not markup, and not text for the page.
    var isInvisible: Bool {
        switch self {
        case .script, .style, .title, .template, .noembed, .noframes, .textarea, .iframe: true
        default: false
        }
    }

    /// Tells whether it goes on in the next block until its end tag: section 13.2.4.3.
    var isFormatting: Bool {
        switch self {
        case .a, .b, .big, .code, .em, .font, .i, .nobr, .s, .small, .strike, .strong, .tt, .u: true
        default: false
        }
    }

    var isHeading: Bool {
        switch self {
        case .h1, .h2, .h3, .h4, .h5, .h6: true
        default: false
        }
    }

    var isList: Bool {
        switch self {
        case .ol, .ul, .menu, .dir: true
        default: false
        }
    }

    /// Tells whether a paragraph that is open ends where it begins.
    var endsParagraph: Bool {
        switch self {
        case .address, .article, .aside, .blockquote, .center, .dd, .details, .dialog, .dir, .div, .dl, .dt, .fieldset,
            .figcaption, .figure, .footer, .form, .header, .hgroup, .hr, .li, .listing, .main, .menu, .nav, .ol, .p,
            .plaintext, .pre, .search, .section, .summary, .table, .ul, .xmp:
            true
        default: isHeading
        }
    }

    /// Tells whether no end tag of another element reaches an element around it.
    var bordersScope: Bool {
        switch self {
        case .html, .table, .td, .th, .caption, .applet, .marquee, .object: true
        default: false
        }
    }

    /// Tells whether an end tag that has no rule of its own ends nothing beyond it.
    var isSpecial: Bool {
        switch self {
        case .body, .button, .frameset, .noscript, .select, .tbody, .thead, .tfoot, .tr, .colgroup: true
        default: endsParagraph || bordersScope
        }
    }

    /// Tells whether its beginning inside an SVG image ends the image: section 13.2.6.5.
    var endsImage: Bool {
        switch self {
        case .a, .font: false
        case .blockquote, .body, .br, .center, .dd, .div, .dl, .dt, .embed, .head, .hr, .img, .li, .listing, .menu,
            .meta, .ol, .p, .pre, .ruby, .table, .ul, .span, .sub, .sup, .var:
            true
        default: isFormatting || isHeading
        }
    }

    /// Tells whether it is something to see without text in it.
    var isSeen: Bool {
        switch self {
        case .img, .picture, .hr, .input, .video, .audio, .object, .embed, .iframe, .canvas, .math, .meter, .progress,
            .button, .select:
            true
        default: false
        }
    }

    /// How many line ends the text has before and after it.
    var lineEnds: Int {
        switch self {
        case .p, .h1, .h2, .h3, .h4, .h5, .h6, .table, .dl, .figure, .blockquote, .pre, .listing, .xmp, .plaintext: 2
        case .div, .section, .article, .header, .footer, .main, .nav, .aside, .address, .center, .dt, .dd, .caption,
            .figcaption, .form, .fieldset, .legend, .details, .summary, .dialog, .hgroup, .search, .body, .thead,
            .tbody, .tfoot, .tr, .marquee:
            1
        default: 0
        }
    }
}
