import JSON
import Mail
import Spool
import Testing

@testable import Template

@Suite("Jobs of tasks")
struct TaskJobTests {
    @Test(
        "A task's job has no field of a mail",
        arguments: [
            #""to":"a@b""#, #""cc":"a@b""#, #""bcc":"a@b""#, #""from":"a@b""#, #""replyTo":"a@b""#, #""sender":"a@b""#,
            #""envelope":{"from":""}"#, #""dsn":{}"#, #""locale":"de""#, #""headers":{"X-A":"b"}"#,
            #""attachments":[{}]"#,
        ])
    func refuses(field: String) throws {
        let job = try Job(try JSON(parsing: Array("{\"template\":\"work\",\(field)}".utf8)))
        let task = Template.Terms(name: "work", schema: nil, isTask: true)
        #expect(task.objection(to: job)?.contains("which sends no mail") == true)
        #expect(Template.Terms(name: "work", schema: nil, isTask: false).objection(to: job) == nil)
    }
}
