import Foundation
import JSON
import Testing

@testable import Template

@Suite("Sample templates")
struct SampleTemplateTests {
    private let store = TemplateStore(
        directory: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("etc/templates").path)

    private func render(_ name: String, _ locale: String?) throws -> (subject: String, text: String, html: String?) {
        let template = try store.template(named: name)
        let mail = try template.render(params: try #require(template.sample), locale: locale)
        return (
            mail.subject, String(decoding: try #require(mail.text), as: UTF8.self),
            mail.html.map { String(decoding: $0, as: UTF8.self) }
        )
    }

    @Test("All are there")
    func names() throws {
        #expect(try store.names() == ["export-orders", "hello", "order-shipped", "password-reset", "webhook"])
    }

    @Test("The export is a task that takes its time, one at a time")
    func exportOrders() throws {
        let template = try store.template(named: "export-orders")
        #expect(template.isTask)
        #expect(template.settings.program.timeout == .minutes(30) && template.settings.program.concurrency == 1)
        #expect(template.terms.violations(of: try #require(template.sample)).isEmpty)
    }

    @Test("The webhook is a task that takes what on_event tells")
    func webhook() throws {
        let template = try store.template(named: "webhook")
        #expect(template.isTask && template.settings.program.concurrency == 4)
        #expect(template.terms.violations(of: try #require(template.sample)).isEmpty)
    }

    @Test(
        "Each renders its sample in each locale",
        arguments: [
            ("hello", nil, "Hello, Zoë"), ("order-shipped", nil, "Your order 1042 is on its way"),
            ("order-shipped", "de", "Ihre Bestellung 1042 ist unterwegs"),
            ("order-shipped", "de-AT", "Ihre Bestellung 1042 ist unterwegs"),
            ("password-reset", nil, "Reset your password"),
        ] as [(String, String?, String)])
    func renders(name: String, locale: String?, subject: String) throws {
        let mail = try render(name, locale)
        #expect(mail.subject == subject)
        for part in [mail.text, mail.html ?? ""] {
            #expect(!part.contains("{{"))
            #expect(!part.contains("\r"))
        }
        #expect(mail.text.hasSuffix("-- \nExample Shop, 1 Market Street, Springfield\n"))
        if let html = mail.html {
            #expect(html.hasPrefix("<!DOCTYPE html>"))
            #expect(html.hasSuffix("</html>\n"))
            #expect(!html.contains("href=\"\""))
        }
    }

    @Test("The order's text is laid out line by line")
    func orderText() throws {
        #expect(
            try render("order-shipped", nil).text == """
                Good news: your order 1042 has left our warehouse with DHL.

                  1 x Teapot "Brown Betty", 1.1 l, € 38.00
                  2 x Darjeeling <First Flush> & Co., 100 g, € 24.50

                Follow your parcel:
                https://tracking.example.com/?parcel=00340434161094027318&lang=en

                -- \nExample Shop, 1 Market Street, Springfield

                """)
    }

    @Test("The order's HTML has its rows, its link and the layout's blocks")
    func orderHTML() throws {
        let html = try #require(try render("order-shipped", "de").html)
        #expect(html.contains("<title>Ihre Bestellung 1042</title>"))
        #expect(html.contains(">Sie hat unser Lager mit DHL verlassen.</div>"))
        #expect(html.contains(">Darjeeling &lt;First Flush&gt; &amp; Co., 100 g</td>"))
        #expect(html.contains("href=\"https://tracking.example.com/?parcel&#61;00340434161094027318&amp;lang&#61;en\""))
        #expect(html.components(separatedBy: "&times;").count == 3)
    }

    @Test("Without a tracking address there is no button")
    func noTracking() throws {
        let template = try store.template(named: "order-shipped")
        var params = try #require(template.sample)
        params["trackingUrl"] = nil
        let mail = try template.render(params: params)
        let html = String(decoding: try #require(mail.html), as: UTF8.self)
        #expect(!html.contains("href="))
        #expect(html.contains("This parcel cannot be followed"))
    }

    @Test("Password mails are quick, and their link is a secret")
    func passwordReset() throws {
        let template = try store.template(named: "password-reset")
        #expect(template.settings.ttl == .minutes(15))
        #expect(template.settings.priority == .high)
        #expect(template.settings.onDoubt == .resend)
        #expect(template.schema?.secretPointers == ["/resetUrl"])
    }
}
