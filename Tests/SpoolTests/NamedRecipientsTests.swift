import JSON
import Spool
import Testing

@Suite("Recipients that a job names")
struct NamedRecipientsTests {
    @Test(
        "They are found in every form and field, each once, in the order of the fields",
        arguments: [
            (#"{"template":"x"}"#, []), (#"{"to":"a@x"}"#, ["a@x"]), (#"{"to":"A <a@x>, b@x"}"#, ["A <a@x>, b@x"]),
            (#"{"cc":"c@x","to":["a@x",{"email":"b@x","name":"B"}],"bcc":"d@x"}"#, ["a@x", "b@x", "c@x", "d@x"]),
            (#"{"to":"a@x","envelope":{"to":["z@x","a@x"]}}"#, ["a@x", "z@x"]),
            (#"{"to":["a@x","a@x"],"cc":["a@x"]}"#, ["a@x"]),
            (#"{"to":null,"cc":5,"bcc":[true,["a@x"],{"name":"B"},{"email":1},""],"envelope":[]}"#, []),
        ])
    func forms(text: String, expected: [String]) throws {
        let object = try #require(try JSON(parsing: Array(text.utf8)).object)
        #expect(Job.recipients(of: object, limit: 100) == expected)
    }

    @Test("A job says the same as its object")
    func job() throws {
        let text = #"{"template":"x","to":["a@x"],"cc":{"email":"b@x"},"bcc":"c@x","envelope":{"to":["d@x"]}}"#
        let value = try JSON(parsing: Array(text.utf8))
        #expect(try Job(value).recipients(limit: 10) == ["a@x", "b@x", "c@x", "d@x"])
        #expect(try Job(value).recipients(limit: 3) == ["a@x", "b@x", "c@x"])
    }

    @Test("Their number has a bound, over all fields")
    func bound() {
        let many = JSON.array((0..<5000).map { .string("r\($0)@x") })
        let named = Job.recipients(of: JSON.Object([("to", many), ("cc", "c@x")]), limit: 100)
        #expect(named.count == 100 && named.last == "r99@x")
    }
}
