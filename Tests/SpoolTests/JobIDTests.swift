import Spool
import Testing
import Time

@Suite("Job id")
struct JobIDTests {
    @Test(
        "Is what a file can be called without quoting",
        arguments: [
            "a", "0", "order-1042", "20261123T174411Z-0123456789", "Ab.c_d@shop=e+f-g",
            String(repeating: "x", count: 200),
        ])
    func accepts(text: String) { #expect(JobID(text)?.text == text) }

    @Test(
        "Is no path, not hidden, not an option, not long",
        arguments: [
            "", ".", "..", ".hidden", "-rf", "_a", "@a", "=a", "+a", "a/b", "../a", "a b", "a\n", "a\0", "zoë",
            "a\u{301}",
            "a*", "a:b", "a%", "é", String(repeating: "x", count: 201),
        ])
    func refuses(text: String) { #expect(JobID(text) == nil) }

    @Test("Generated ids are ids, sort by time, and differ")
    func generates() {
        let now = Timestamp(seconds: 1_795_455_851)
        let ids = (0..<1000).map { _ in JobID.make(at: now) }
        #expect(Set(ids).count == 1000)
        for id in ids {
            #expect(id.text.hasPrefix("20261123T174411Z-"))
            #expect(id.text.utf8.count == 27)
            #expect(JobID(id.text) == id)
        }
        #expect(ids[0].text < JobID.make(at: now + .seconds(1)).text)
    }

    @Test(
        "A drop box's job carries the box's name",
        arguments: [
            ("a", "shop", "a@shop"),
            (String(repeating: "x", count: 195), "shop", String(repeating: "x", count: 195) + "@shop"),
        ])
    func fromDropBox(id: String, box: String, whole: String) { #expect(JobID(id)?.from(dropBox: box)?.text == whole) }

    @Test("An id that the drop box's name makes too long is none")
    func tooLongWithDropBox() { #expect(JobID(String(repeating: "x", count: 196))?.from(dropBox: "shop") == nil) }

    @Test(
        "An id tells which drop box it came from, also when it was made anew",
        arguments: [
            ("a", nil), ("a@shop", "shop"), ("a@b@shop", "shop"), ("zoe@example.com", nil), ("a@", nil),
            ("a@" + String(repeating: "x", count: 33), nil),
        ] as [(String, String?)])
    func box(text: String, box: String?) {
        let id = JobID(text)!
        #expect(id.box == box)
        #expect(JobID.make(at: .now).marked(like: id).box == box)
    }

    @Test(
        "In a box of all users an id tells whose it is, and nobody can claim another's",
        arguments: [
            ("a+1001@local", 1001), ("a+1001+1002@local", 1002), ("a@local", nil), ("a+@local", 0), ("a+x@local", nil),
            ("a+99999999999@local", nil),
        ] as [(String, UInt32?)])
    func submitter(text: String, user: UInt32?) {
        let id = JobID(text)!
        #expect(id.submitter == (user == 0 ? nil : user))
        #expect(JobID.make(at: .now).marked(like: id).submitter == id.submitter)
    }
}
