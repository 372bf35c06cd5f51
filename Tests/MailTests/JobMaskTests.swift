import JSON
import Mail
import Scratch
import Template
import Testing

/// What anybody may see of a job.
@Suite("Secrets of a job")
struct JobMaskTests {
    private func template(_ schema: String?) throws -> Template {
        let scratch = try Scratch(["otp/subject.mustache": "x", "otp/text.mustache": "x"])
        if let schema { try scratch.write(schema, to: "otp/schema.json") }
        return try TemplateStore(directory: scratch.path).template(named: "otp")
    }

    private let job = #"{"template":"otp","params":{"code":"1","user":{"pin":2.50,"name":"Zoë"}},"to":"a@example.com"}"#

    @Test(
        "What the schema says is writeOnly is masked, and nothing else is touched",
        arguments: [
            (
                #"{"properties":{"code":{"writeOnly":true}}}"#,
                #"{"template":"otp","params":{"code":"***","user":{"pin":2.50,"name":"Zoë"}},"to":"a@example.com"}"#
            ),
            (
                #"{"properties":{"user":{"properties":{"pin":{"writeOnly":true}}}}}"#,
                #"{"template":"otp","params":{"code":"1","user":{"pin":"***","name":"Zoë"}},"to":"a@example.com"}"#
            ),
            (#"{"writeOnly":true}"#, #"{"template":"otp","params":"***","to":"a@example.com"}"#),
            (#"{"properties":{"code":{"type":"string"}}}"#, nil), (nil, nil),
        ] as [(String?, String?)])
    func masks(schema: String?, masked: String?) throws {
        #expect(try JSON(parsing: job).maskingSecrets(of: template(schema))?.text == masked)
    }

    @Test("Of a template that nobody knows, every parameter may be one")
    func unknown() throws {
        #expect(
            try JSON(parsing: job).maskingSecrets(of: nil)?.text
                == #"{"template":"otp","params":{"code":"***","user":"***"},"to":"a@example.com"}"#)
        #expect(try JSON(parsing: #"{"params":["1"]}"#).maskingSecrets(of: nil)?.text == #"{"params":"***"}"#)
        #expect(try JSON(parsing: #"{"subject":"x","text":"y"}"#).maskingSecrets(of: nil) == nil)
        #expect(JSON.array([]).maskingSecrets(of: nil) == nil)
    }
}
