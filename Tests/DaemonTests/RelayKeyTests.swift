import Configuration
import Relay
import SMTP
import Testing
import Time

@testable import Daemon

/// The keys of a relay that say how it is reached.
@Suite("Keys of a relay")
struct RelayKeyTests {
    private func relay(_ lines: String, url: String = "smtp://mx.example.net") throws -> RelaySettings {
        let text = "[relay main]\nurl = \(url)\n\(lines)\n"
        return try Settings(ConfigurationFile(parsing: text, name: "/etc/outspool/outspool.conf")).relays[0].connection
    }

    @Test("Defaults are those of the manual")
    func defaults() throws {
        let it = try relay("")
        #expect(it.connectTimeout == .seconds(30) && it.greetingTimeout == .minutes(5))
        #expect(it.family == .any && it.fallsBackToClear && it.mechanism == nil)
        #expect(it.tlsName == nil && it.fingerprint == nil && it.certificate == nil)
    }

    @Test("Each key has its value")
    func values() throws {
        let it = try relay(
            """
            greeting_timeout = 1m
            family = ipv4
            tls_name = mx.example.com
            tls_certificate = client.pem
            proxy = http://127.0.0.1:3128
            user = shop
            token_command = bin/token --for "the shop"
            auth = oauthbearer
            """)
        #expect(it.greetingTimeout == .minutes(1) && it.family == .ipv4 && it.tlsName == "mx.example.com")
        #expect(it.certificate == .init(file: "/etc/outspool/client.pem", key: "/etc/outspool/client.pem"))
        #expect(it.proxy == "http://127.0.0.1:3128")
        #expect(it.secret == .tokenCommand(["/etc/outspool/bin/token", "--for", "the shop"]))
        #expect(it.mechanism == .oauthbearer)
        let other = try relay("tls_certificate = /c.pem\ntls_key = /k.pem\nuser = u\ntoken_command = \"/bin/cat\" /t")
        #expect(other.certificate == .init(file: "/c.pem", key: "/k.pem"))
        #expect(other.secret == .tokenCommand(["/bin/cat", "/t"]))
    }

    @Test("A UNIX socket has no TLS unless that is asked for, and nothing that belongs to TCP")
    func socket() throws {
        let url = "lmtp:unix:/run/dovecot/lmtp"
        #expect(try relay("", url: url).tls == .none)
        #expect(try relay("tls = require", url: url).tls == .require)
        for line in ["family = ipv4", "source_address = 127.0.0.1", "proxy = socks5://127.0.0.1:1080"] {
            #expect {
                try relay(line, url: url)
            } throws: { error in
                "\(error)".contains("cannot be used with a UNIX socket")
            }
        }
    }

    @Test(
        "What does not belong together is refused, with the key's line",
        arguments: [
            ("auth = ntlm\nuser = u\npassword_file = p", "'auth' is auto or plain or login or cram-md5 or"),
            ("auth = gssapi\nuser = u\npassword_file = p", "not 'gssapi'"),
            ("auth = xoauth2\nuser = u\npassword_file = p", "needs token_file or token_command"),
            ("auth = plain\nuser = u\ntoken_file = p", "needs password_file"),
            ("user = u\npassword_file = p\ntoken_command = /bin/t", "one of password_file"),
            ("user = u\ntoken_command = token", "begins with a path"),
            ("token_command = /bin/token", "user"),
            ("tls_key = k", "tls_certificate"),
            ("tls = none\ntls_name = mx", "tls = require"),
            ("tls = opportunistic\ntls_fingerprint = \(String(repeating: "00", count: 32))", "tls = require"),
            ("tls_fingerprint = 00:11", "SHA-256"),
            ("tls_name = mx.example.com/x", "host name"),
            ("proxy = 127.0.0.1:3128", "http://"), ("proxy = https://p:3128", "socks5h://"),
            ("family = both", "any or ipv4 or ipv6"), ("greeting_timeout = 0s", "more than 0"),
        ])
    func refuses(lines: String, reason: String) {
        #expect {
            try relay(lines)
        } throws: { error in
            "\(error)".contains(reason)
        }
    }
}
