import Foundation
import JSON
import Outspool
import Scratch
import Testing

@Suite("The table of parameters, by the client library")
struct ParameterCaseTests {
    /// What `outspool types` makes of the template, but that it takes what does not fit.
    private struct Booking: TypedJob {
        static let template = "booking"
        static let schema: String? = try? String(
            contentsOfFile: "\(JobCase.templates)/booking/schema.json", encoding: .utf8)
        let params: JSONValue

        func encode(to encoder: any Encoder) throws { try params.encode(to: encoder) }
    }

    private struct Broken: TypedJob {
        static let schema: String? = #"{"type":"strin"}"#
        let name = "x"
    }

    private func value(_ json: JSON) -> JSONValue {
        switch json {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let number): Int(number.text).map { .integer($0) } ?? .number(Double(number.text) ?? .nan)
        case .string(let text): .string(text)
        case .array(let elements): .array(elements.map(value))
        case .object(let object):
            .object(Dictionary(object.members.map { ($0.name, value($0.value)) }) { $1 })
        }
    }

    @Test("It refuses what the schema does not allow with the place, and queues the others")
    func parameters() throws {
        #expect(Booking.schema != nil)
        let spool = Spool.inMemory()
        let cases = try JobCase.parameters()
        for job in cases {
            let params = try JSON(parsing: Array(job.job.utf8)).object?["params"] ?? .object(JSON.Object())
            do throws(SubmitError) {
                try spool.submit(Booking(params: value(params)), to: "a@b.example")
                #expect(job.isGood, "\(job.name)")
            } catch {
                guard case .invalid(job.pointer, _) = error else { Issue.record("\(job.name): \(error)"); continue }
            }
        }
        #expect(spool.queued.count == cases.filter(\.isGood).count)
    }

    @Test("A secret is not told, and a text that is no schema refuses every job")
    func reasons() throws {
        let spool = Spool.inMemory()
        let guest: JSONValue = ["name": "Zoe", "email": "z@example.com"]
        let params: JSONValue = ["reference": "AB-1234", "guest": guest, "nights": 1, "pin": "s3c"]
        let error = #expect(throws: SubmitError.self) { try spool.submit(Booking(params: params), to: "a@b.example") }
        #expect(error?.description.contains("s3c") == false && error?.description.hasPrefix("/params/pin: ") == true)
        #expect(throws: SubmitError.self) { try spool.submit(Broken(), to: "a@b.example") }
    }
}
