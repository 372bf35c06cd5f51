import JSON
import Spool
import Testing
import Time

@Suite("Job object")
struct JobDecodingTests {
    @Test(
        "Good jobs",
        arguments: [
            #"{"template":"x"}"#, #"{"template":"x","to":"a@b","params":{"n":1.50}}"#,
            #"{"template":"x","to":["a@b",{"name":"B","email":"b@b"}],"cc":"c@b","bcc":[],"from":"f@b","replyTo":"r@b","sender":"s@b"}"#,
            #"{"subject":"s","text":"t","to":"a@b"}"#, #"{"subject":"","html":"<p>","text":null}"#,
            #"{"message":"From: a\r\n\r\nx","envelope":{"from":"","to":["a@b"]}}"#, #"{"message":{"base64":"aGk="}}"#,
            #"{"template":"x","envelope":{"from":"f@b"}}"#, #"{"template":"x","x-order":{"any":["thing"]},"x-":1}"#,
            #"{"template":"x","params":null,"to":null,"tags":null}"#,
            #"{"template":"x","priority":"bulk","sendAt":"2026-11-23T18:44:11+01:00","expiresAt":"2026-11-24T00:00:00Z"}"#,
            #"{"template":"x","tags":["a","b"],"metadata":{"k":[1]},"headers":{"X-A":"b"},"attachments":[{}],"locale":"de-AT"}"#,
            #"{"template":"x","dsn":{}}"#, #"{"template":"x","dsn":null}"#,
            #"{"template":"x","dsn":{"notify":["never"],"return":"full","envelopeId":"a b=c"}}"#,
            #"{"template":"x","dsn":{"notify":["success","failure","delay","delay"],"return":null}}"#,
        ])
    func accepts(text: String) throws { _ = try Job(try JSON(parsing: text)) }

    @Test(
        "Bad jobs, and the field that is at fault",
        arguments: [
            ("[]", ""), ("42", ""), ("\"x\"", ""), ("{}", ""), (#"{"to":"a@b"}"#, ""), (#"{"template":null}"#, ""),
            (#"{"template":"x","text":"t"}"#, ""), (#"{"template":"x","message":"m"}"#, ""),
            (#"{"message":"m","subject":"s","text":"t"}"#, ""), (#"{"subject":"s"}"#, ""),
            (#"{"text":"t"}"#, "/subject"),
            (#"{"template":1}"#, "/template"), (#"{"template":"x","Template":"x"}"#, "/Template"),
            (#"{"template":"x","param":{}}"#, "/param"), (#"{"template":"x","a/b~c":1}"#, "/a~1b~0c"),
            (#"{"template":"x","params":[]}"#, "/params"), (#"{"message":{"base64":"*"}}"#, "/message/base64"),
            (#"{"message":{"base64":"aGk=","x":1}}"#, "/message"), (#"{"message":1}"#, "/message"),
            (#"{"template":"x","priority":"urgent"}"#, "/priority"), (#"{"template":"x","priority":1}"#, "/priority"),
            (#"{"template":"x","sendAt":"tomorrow"}"#, "/sendAt"), (#"{"template":"x","sendAt":null}"#, "/sendAt"),
            (#"{"template":"x","expiresAt":1795455851}"#, "/expiresAt"),
            (#"{"template":"x","tags":"a"}"#, "/tags"), (#"{"template":"x","tags":["a",1]}"#, "/tags/1"),
            (#"{"template":"x","metadata":"a"}"#, "/metadata"), (#"{"template":"x","headers":[]}"#, "/headers"),
            (#"{"template":"x","attachments":{}}"#, "/attachments"), (#"{"template":"x","locale":1}"#, "/locale"),
            (#"{"template":"x","envelope":"a@b"}"#, "/envelope"),
            (#"{"template":"x","envelope":{"rcpt":1}}"#, "/envelope/rcpt"),
            (#"{"template":"x","envelope":{"to":[]}}"#, "/envelope/to"),
            (#"{"template":"x","envelope":{"to":"a@b"}}"#, "/envelope/to"),
            (#"{"template":"x","envelope":{"to":["a",1]}}"#, "/envelope/to/1"),
            (#"{"template":"x","envelope":{"from":1}}"#, "/envelope/from"),
            (#"{"template":"x","dsn":["never"]}"#, "/dsn"), (#"{"template":"x","dsn":{"ret":"full"}}"#, "/dsn/ret"),
            (#"{"template":"x","dsn":{"notify":"never"}}"#, "/dsn/notify"),
            (#"{"template":"x","dsn":{"notify":[]}}"#, "/dsn/notify"),
            (#"{"template":"x","dsn":{"notify":["delay","NEVER"]}}"#, "/dsn/notify/1"),
            (#"{"template":"x","dsn":{"notify":["delay","never"]}}"#, "/dsn/notify"),
            (#"{"template":"x","dsn":{"return":"hdrs"}}"#, "/dsn/return"),
            (#"{"template":"x","dsn":{"envelopeId":""}}"#, "/dsn/envelopeId"),
            (#"{"template":"x","dsn":{"recipients":["a@b"]}}"#, "/dsn/recipients"),
            (#"{"template":"x","dsn":{"recipients":{"a/b@c":1}}}"#, "/dsn/recipients/a~1b@c"),
            (#"{"template":"x","dsn":{"recipients":{"a@b":{"return":"full"}}}}"#, "/dsn/recipients/a@b/return"),
            (#"{"template":"x","dsn":{"recipients":{"a@b":{"notify":["no"]}}}}"#, "/dsn/recipients/a@b/notify/0"),
            (#"{"template":"x","dsn":{"recipients":{"a@b":{"original":"a@b"}}}}"#, "/dsn/recipients/a@b/original"),
            (
                #"{"template":"x","dsn":{"recipients":{"a@b":{"original":"rfc822;a\r\nb"}}}}"#,
                "/dsn/recipients/a@b/original"
            ),
            (
                #"{"template":"x","dsn":{"recipients":{"a@b":{"original":"rfc822;a+2g"}}}}"#,
                "/dsn/recipients/a@b/original"
            ),
            (#"{"template":"x","dsn":{"envelopeId":"a\nb"}}"#, "/dsn/envelopeId"),
            (#"{"template":"x","dsn":{"envelopeId":"zoë"}}"#, "/dsn/envelopeId"),
            (#"{"template":"x","dsn":{"envelopeId":"==================================="}}"#, "/dsn/envelopeId"),
        ])
    func refuses(text: String, pointer: String) throws {
        let value = try JSON(parsing: text)
        let error = #expect(throws: JobError.self) { try Job(value) }
        #expect(error?.pointer == pointer)
    }

    @Test("Every field arrives")
    func fields() throws {
        let job = try Job(
            try JSON(
                parsing:
                    #"{"message":{"base64":"aGkK"},"to":"a@b","envelope":{"from":"f@b","to":["e@b"]},"dsn":{"notify":["delay","failure"],"return":"headers","envelopeId":"v","recipients":{"e@b":{"notify":["never"],"original":"rfc822;x+2B@b"}}},"priority":"high","sendAt":"2026-11-23T18:44:11+01:00","tags":["t"],"metadata":{"k":1}}"#
            ))
        guard case .message(let bytes) = job.content else {
            Issue.record("not a message: \(job.content)")
            return
        }
        #expect(bytes == Array("hi\n".utf8))
        #expect(job.template == nil)
        #expect(job.to == "a@b")
        #expect(job.envelopeFrom == "f@b")
        #expect(job.envelopeTo == ["e@b"])
        #expect(job.dsn?.notify == [.delay, .failure])
        #expect(job.dsn?.returned == .headers)
        #expect(job.dsn?.envelopeID == "v")
        #expect(job.dsn?.recipients.count == 1 && job.dsn?.recipients["e@b"]?.notify == [.never])
        #expect(job.dsn?.recipients["e@b"]?.original == "rfc822;x+2B@b")
        #expect(job.priority == .high)
        #expect(job.sendAt == start)
        #expect(job.tags == ["t"])
        #expect(job.metadata == JSON.Object([("k", 1)]))
        #expect(Job.Priority.high < .normal)
        #expect(Job.Priority.normal < .bulk)
    }
}
