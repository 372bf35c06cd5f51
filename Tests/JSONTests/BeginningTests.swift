import JSON
import Testing

@Suite("The beginning of an object")
struct BeginningTests {
    @Test(
        "Has the members that are whole",
        arguments: [
            (#"{"a":1,"b":[{"c":"},"}],"d":"#, ["a", "b"]), (#" {"a" : "x\"," , "b": 12"#, ["a"]), (#"{"a":1,"#, ["a"]),
            (#"{"a":{"b":[1,2"#, []), (#"{"a":"x"#, []), (#"{"a":1,b:2,"c":3"#, ["a"]),
            (#"{"a":1,"b":tru,"c":3,"#, ["a"]),
            (#"{"a":1}"#, ["a"]), (#"{"a":1,"b":2} rest"#, ["a", "b"]), ("{}", []), ("{", []), ("", []), ("[1,2,", []),
            ("{\"a\":\"\u{FFFD}\",\"b\":\"\u{1}\",", ["a"]), (#"{"a":1,"b":2,"c":3,"d":4,"#, ["a", "b", "c"]),
            (#"{"a":1,"a":2,"b":3,"#, ["a", "b"]),
        ])
    func members(text: String, names: [String]) {
        #expect(JSON.Object(beginningOf: Array(text.utf8), limit: 3).names == names)
    }

    @Test("Is read in linear time, however deep it is nested")
    func deep() {
        let text = #"{"a":1,"b":"# + String(repeating: "[", count: 200_000)
        #expect(JSON.Object(beginningOf: Array(text.utf8), limit: 3).names == ["a"])
    }
}
