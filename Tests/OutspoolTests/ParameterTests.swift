import FoundationEssentials
import JSON
import Scratch
import Testing

@testable import Outspool

/// What an application's types become. Foundation's encoder is the judge.
@Suite("Parameters")
struct ParameterTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let ours: Result<JSON, SubmitError>
        let foundations: Result<JSON, any Error>

        init(_ name: String, _ value: some Encodable) {
            testDescription = name
            ours = Result { () throws(SubmitError) in try ParameterEncoder.encode(value) }
            foundations = Result {
                let encoder = JSONEncoder()
                encoder.dateEncodingStrategy = .iso8601
                return try JSON(parsing: Array(try encoder.encode(value)))
            }
        }
    }

    static let cases = [
        Case("properties", Order()), Case("none", Nothing()), Case("a class and its parent", Child()),
        Case("a dictionary", ["b": 1, "a": 2, "ä": 3, "": 4]), Case("keys that are numbers", [3: "x"]),
        Case("deep dictionaries", ["a": ["b": ["c": [1.5, 2, -0.0, 1e300, 1e-300]]]]),
        Case("containers in containers", Nested()),
        Case("a value on its own", ["in": Wrapped(value: Wrapped(value: 7))]),
        Case("what encodes nothing", ["in": Silent()]), Case("a name twice", Twice()), Case("any JSON", anyJSON),
        Case("nils", [String?.none, "x"]), Case("enumerations with values", [Shape.circle(radius: 2), .none]),
        Case("bytes", ["a": [UInt8](repeating: 7, count: 3)]), Case("a float", ["a": Float(0.1)]),
        Case("large integers", ["a": Int128.max, "b": Int128(UInt64.max)]),
        Case("texts", ["a": "\u{0}\u{7F}\u{2028}\"\\/\n", "b": "Zoë 😀", "c": "e\u{301}"]),
    ]

    @Test("Come out as Foundation would have them", arguments: cases)
    func same(_ sample: Case) throws { #expect(try sample.ours.get() == sample.foundations.get()) }

    @Test("Members are sorted, so that equal parameters are equal bytes")
    func order() throws {
        #expect(
            try ParameterEncoder.encode(Order()).text
                == #"{"at":"2026-11-23T17:44:11Z","data":"aGk=","items":[{"count":2,"price":9.99},{"count":1,"price":10}],"#
                + #""link":"https://example.com/a?b=c","number":1042,"open":true,"price":12345678901234567.89}"#)
    }

    @Test("Names that are canonically equivalent are two; of one name the last counts")
    func codePoints() throws {
        let text = try ParameterEncoder.encode(Equivalent()).text
        #expect(text.unicodeScalars.elementsEqual("{\"e\u{301}\":3,\"\u{E9}\":2}".unicodeScalars))
    }

    @Test("A field that cannot be encoded is named")
    func faults() {
        func field(_ value: some Encodable) -> String? {
            do throws(SubmitError) { _ = try ParameterEncoder.encode(value) } catch {
                if case .invalid(let field, _) = error { return field }
            }
            return nil
        }
        #expect(field(["a": [1, Double.nan]]) == "/params/a/1")
        #expect(field(["a/b": -Double.infinity]) == "/params/a~1b")
        #expect(field(["at": Date.distantFuture]) == "/params/at")
        #expect(field(["a": Unwilling()]) == "/params")
    }

    @Test("Nesting is bounded: by the job's limit, and before it takes the stack")
    func depth() throws {
        func nested(_ depth: Int) -> JSONValue { (0..<depth).reduce(.null) { value, _ in ["a": value] } }
        // The job's own object is one level.
        let deepest = try ParameterEncoder.encode(nested(JSON.depthLimit - 1))
        #expect(try JSON(parsing: #"{"params":\#(deepest.text)}"#).object?["params"] == deepest)
        for depth in [JSON.depthLimit, 10_000] {
            #expect(throws: SubmitError.self) { try ParameterEncoder.encode(nested(depth)) }
        }
    }
}

@Suite("More parameters than there may be", .serialized, .ownThreads)
struct ParameterCostTests {
    @Test("More values than a job may have are refused")
    func values() {
        let job = Job(template: "x", params: ["a": [Int](repeating: 0, count: JSON.valueLimit)], to: [])
        #expect(throws: SubmitError.self) { try job.object() }
    }
}

private struct Order: Encodable {
    let number = 1042
    let open = true
    let note: String? = nil
    let at = Date(timeIntervalSince1970: 1_795_455_851.25)
    let data = Data("hi".utf8)
    let link = URL(string: "https://example.com/a?b=c")
    let price = Decimal(string: "12345678901234567.89")
    let items = [Item(count: 2, price: 9.99), Item(count: 1, price: 10)]

    struct Item: Encodable {
        let count: UInt8
        let price: Double
    }
}

private struct Nothing: Encodable {}

private struct Equivalent: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ParameterName.self)
        for (name, value) in [("e\u{301}", 1), ("\u{E9}", 2), ("e\u{301}", 3)] {
            try container.encode(value, forKey: ParameterName(name))
        }
    }
}

private class Parent: Encodable { let inherited = 1 }

private final class Child: Parent {
    private enum Key: CodingKey { case own }
    override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode("x", forKey: .own)
        try super.encode(to: container.superEncoder())
    }
}

private struct Nested: Encodable {
    func encode(to encoder: any Encoder) throws {
        var top = encoder.container(keyedBy: ParameterName.self)
        var list = top.nestedUnkeyedContainer(forKey: "list")
        try list.encode(1)
        var object = list.nestedContainer(keyedBy: ParameterName.self)
        try object.encodeNil(forKey: "nothing")
        var inner = list.nestedUnkeyedContainer()
        try inner.encode(2)
        try list.encodeNil()
        try "from above".encode(to: list.superEncoder())
        try object.encode("late", forKey: "late")
        var empty = top.nestedContainer(keyedBy: ParameterName.self, forKey: "object")
        try empty.encode(list.count, forKey: "count")
        try ["x": 1].encode(to: top.superEncoder(forKey: "super of a name"))
        // A second container of the same encoder goes on with what there is.
        var again = encoder.container(keyedBy: ParameterName.self)
        try again.encode(true, forKey: "again")
    }
}

private struct Wrapped<Value: Encodable>: Encodable {
    let value: Value
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

private struct Silent: Encodable { func encode(to encoder: any Encoder) {} }

private struct Twice: Encodable {
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: ParameterName.self)
        try container.encode(1, forKey: "a")
        try container.encode(0, forKey: "b")
        try container.encode(2, forKey: "a")
    }
}

private enum Shape: Encodable {
    case none
    case circle(radius: Int)
}

private struct Unwilling: Encodable, Error { func encode(to encoder: any Encoder) throws { throw self } }

private let anyJSON: JSONValue = ["a": [nil, true, 1, 2.5, "x", ["b": []]]]
