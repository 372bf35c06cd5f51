import Testing
import Web

@Suite("The gate")
struct GateTests {
    private static let target = Target("/queue".utf8)!

    private static func request(_ method: Request.Method, _ fields: [(String, String)]) -> Request {
        Request(method, target, fields: fields.map { (name: $0.0, value: $0.1) })
    }

    private static func status(_ verdict: Gate.Verdict) -> Int {
        if case .refuse(let status, _) = verdict { status } else { 0 }
    }

    @Test(
        "Only known names are served: 421 for others, 400 without one name",
        arguments: [
            (["localhost:8025"], 0), (["LOCALHOST"], 0), (["127.0.0.1:1"], 0), (["[::1]:8025"], 0),
            (["mail.example.com"], 0), (["mail.example.com:443"], 0), (["MAIL.example.com"], 0),
            (["evil.example"], 421), (["localhost.evil.example"], 421), (["127.0.0.1.nip.io"], 421),
            (["evil.example:8025"], 421), (["localhost@evil.example"], 421), (["127.0.0.2"], 421), ([""], 421),
            (["[::1"], 421), (["0.0.0.0:8025"], 421), ([], 400), (["localhost", "localhost"], 400),
        ] as [([String], Int)])
    func hosts(_ hosts: [String], _ status: Int) {
        let gate = Gate(hosts: ["mail.example.com"])
        for method in [Request.Method.get, .post] {
            let request = Self.request(method, hosts.map { ("Host", $0) })
            #expect(Self.status(gate.judge(request)) == status)
        }
    }

    @Test(
        "A page of another site sends nothing: 403",
        arguments: [
            ([], 0),
            ([("Sec-Fetch-Site", "same-origin")], 0), ([("Sec-Fetch-Site", "none")], 0),
            ([("Sec-Fetch-Site", "same-site")], 403), ([("sec-fetch-site", "cross-site")], 403),
            ([("Sec-Fetch-Site", "whatever")], 403),
            ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], 403),
            ([("Origin", "http://localhost:8025")], 0), ([("Origin", "https://localhost:8025")], 0),
            ([("Origin", "http://localhost:3000")], 403), ([("Origin", "http://localhost")], 403),
            ([("Origin", "https://mail.example.com")], 0), ([("Origin", "https://mail.example.com.evil")], 403),
            ([("Origin", "null")], 403), ([("Origin", "")], 403), ([("Origin", "ftp://localhost:8025")], 403),
            ([("Origin", "http://evil.example")], 403),
            ([("Sec-Fetch-Site", "same-origin"), ("Origin", "http://evil.example")], 403),
            ([("Origin", "http://localhost:8025"), ("Origin", "http://localhost:8025")], 403),
        ] as [([(String, String)], Int)])
    func origins(_ fields: [(String, String)], _ status: Int) {
        let gate = Gate(hosts: ["mail.example.com"])
        #expect(Self.status(gate.judge(Self.request(.post, [("Host", "localhost:8025")] + fields))) == status)
    }

    @Test(
        "A page of another site loads nothing, and may lead here",
        arguments: [
            ([], 0), ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "no-cors")], 0),
            ([("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")], 0),
            ([("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")], 403),
            ([("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")], 403),
            ([("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")], 403),
        ] as [([(String, String)], Int)])
    func loads(_ fields: [(String, String)], _ status: Int) {
        #expect(Self.status(Gate().judge(Self.request(.get, [("Host", "localhost")] + fields))) == status)
    }

    @Test("Who asks is what the proxy's field says, once")
    func users() {
        let gate = Gate(userField: "X-User")
        #expect(gate.user(of: Self.request(.post, [("x-user", "zoe")])) == "zoe")
        #expect(gate.user(of: Self.request(.post, [])) == nil)
        #expect(gate.user(of: Self.request(.post, [("X-User", "")])) == nil)
        #expect(gate.user(of: Self.request(.post, [("X-User", "a"), ("X-User", "b")])) == nil)
        #expect(Gate().user(of: Self.request(.post, [("X-User", "zoe")])) == "-")
    }
}
