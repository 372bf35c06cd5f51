import Foundation
import Scratch
import Testing

@Suite("sendmail: the command line", .serialized, .ownThreads)
struct SendmailOptionTests {
    /// The words, and `sender recipients` of what is queued.
    static let accepted: [(words: [String], envelope: String)] = [
        (["a@b"], "root@ a@b"), (["root"], "root@ root@"), (["a@b", "c@d", "a@b"], "root@ a@b c@d"),
        (["-t"], "root@ t@x"), (["-t", "a@b"], "root@ a@b t@x"), (["-t", "--", "a@b"], "root@ a@b t@x"),
        (["-i", "a@b"], "root@ a@b"), (["-oi", "a@b"], "root@ a@b"), (["-o", "i", "a@b"], "root@ a@b"),
        (["-oiem", "a@b"], "root@ a@b"), (["-it"], "root@ t@x"), (["-ti"], "root@ t@x"), (["-tioem"], "root@ t@x"),
        (["-fa@b", "c@d"], "a@b c@d"), (["-f", "a@b", "c@d"], "a@b c@d"), (["-r", "a@b", "c@d"], "a@b c@d"),
        (["-ra@b", "c@d"], "a@b c@d"), (["-f", "", "c@d"], "<> c@d"), (["-f", "<>", "c@d"], "<> c@d"),
        (["-f<>", "c@d"], "<> c@d"), (["-fzoe", "c@d"], "zoe@ c@d"), (["-f", "<a@b>", "c@d"], "a@b c@d"),
        (["-f", "A B <a@b>", "c@d"], "a@b c@d"), (["-tfa@b"], "a@b t@x"),
        (["-f", "a@b", "-f", "e@f", "c@d"], "e@f c@d"),
        (["-FCronDaemon", "a@b"], "root@ a@b"), (["-F", "Cron Daemon", "a@b"], "root@ a@b"),
        (["-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root"], "root@ root@"),
        (["-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"], "root@ t@x"),
        (["-FAnacron", "-odi", "root"], "root@ root@"), (["-i", "-B", "8BITMIME", "u"], "root@ u@"),
        (["-t", "-fraid@x"], "raid@x t@x"), (["-oem", "-oi", "-f", "m@x", "--", "a@b", "c@d"], "m@x a@b c@d"),
        (["-oem", "-oi", "--", "a@b"], "root@ a@b"), (["-B7BIT", "a@b"], "root@ a@b"),
        (["-odb", "-oem", "-oeq", "-oMrSMTP", "-om", "a@b"], "root@ a@b"), (["-em", "a@b"], "root@ a@b"),
        (["-e", "m", "a@b"], "root@ a@b"), (["-bm", "a@b"], "root@ a@b"),
        (["-G", "-U", "-m", "-n", "-c", "a@b"], "root@ a@b"),
        (["-Am", "-Ac", "-L", "tag", "-Ltag", "-h", "25", "-h25", "a@b"], "root@ a@b"),
        (["-O", "DeliveryMode=b", "-OQueueDirectory=/x", "a@b"], "root@ a@b"),
        (["-C", "/etc/x.cf", "a@b"], "root@ a@b"),
        (["-X", "/tmp/log", "a@b"], "root@ a@b"), (["-pSMTP", "-p", "UUCP:host", "a@b"], "root@ a@b"),
        (["-Nfailure,delay", "-R", "hdrs", "-Venv-1", "a@b"], "root@ a@b"), (["-N", "never", "a@b"], "root@ a@b"),
        (["-q15m", "a@b"], "root@ a@b"), (["a@b, C <c@d>,e"], "root@ a@b c@d e@"),
        (["list: a@b, c@d;"], "root@ a@b c@d"),
        (["zoë@exämple.org"], "root@ zoë@xn--exmple-cua.org"), (["\"a b\"@c"], "root@ \"a b\"@c"),
        (["-f\u{308}x@y", "c@d"], "\u{308}x@y c@d"),
        (["-N", "Success, DELAY", "-RFULL", "-V", "two words", "a@b"], "root@ a@b"),
    ]

    @Test(
        "What is understood, and what is ignored", .enabled(if: Machine.isRoot, "expects the name root"),
        arguments: accepted)
    func accepts(words: [String], envelope: String) throws {
        let place = try SendmailFixture()
        let ran = try place.run(words)
        #expect(ran.status == 0 && ran.out == "", "\(ran)")
        let jobs = try place.jobs()
        try #require(jobs.count == 1)
        #expect(place.envelope(jobs[0]) == envelope)
        #expect(ran.err.isEmpty)
    }

    @Test(
        "What is refused, with a status of sysexits(3) and one line",
        arguments: [
            ([], 64, "no recipients"), (["-i"], 64, "no recipients"), (["--"], 64, "no recipients"),
            (["-"], 64, "no recipient begins"),
            (["-bd"], 64, "outspoold(8)"), (["-bl"], 64, "outspoold(8)"),
            (["-bd", "-q1h"], 64, "outspoold(8)"), (["-bt"], 64, "-bt"), (["-bv", "a@b"], 64, "-bv"),
            (["-bz"], 64, "-bz"),
            (["-Z", "a@b"], 64, "-Z"), (["-iZ", "a@b"], 64, "-Z"), (["--what", "a@b"], 64, "--"),
            (["-f"], 64, "-f needs"), (["-\u{338}", "a@b"], 64, "unknown option"),
            (["-i\u{301}t"], 64, "unknown option"),
            (["--", "-\u{301}x"], 64, "no recipient begins"),
            (["-F"], 64, "-F needs"), (["-tf"], 64, "-f needs"), (["-B", "BINARYMIME", "a@b"], 64, "8BITMIME"),
            (["-N", "sometimes", "a@b"], 64, "-N is"), (["-N", "never,delay", "a@b"], 64, "-N is"),
            (["-N", "", "a@b"], 64, "-N is"), (["-N", ",", "a@b"], 64, "-N is"), (["-N"], 64, "-N needs"),
            (["-R", "half", "a@b"], 64, "-R is"), (["-V", "", "a@b"], 64, "-V takes"),
            (["-V", "caf\u{E9}", "a@b"], 64, "-V takes"), (["-V", "a\nRCPT TO:<b@c>", "a@b"], 64, "-V takes"),
            (["-V", String(repeating: "v", count: 101), "a@b"], 64, "-V takes"),
            (["-V", String(repeating: "=", count: 34), "a@b"], 64, "-V takes"),
            (["-XV", "a@b"], 64, "-XV"), (["-qS", "a@b"], 64, "-qS"), (["a@b", "-t"], 64, "options come before"),
            (["--", "-oQ/tmp"], 64, "no recipient begins"),
            (["-f", "a@b\nRCPT TO:<c@d>", "e@f"], 64, "control character"),
            (["-F", "x\r\nBcc: a@b", "e@f"], 64, "control character"), (["a@b\nc@d"], 65, "control character"),
            (["a b@"], 65, "\"a b@\""), (["a@"], 65, "nothing after the @"), (["a@b+c"], 65, "a@b+c"),
            ([""], 64, "no recipients"),
            (["-f", "a@b, c@d", "e@f"], 65, "not one address"), (["-f", "@", "e@f"], 65, "sender"),
        ] as [([String], Int32, String)])
    func refuses(words: [String], status: Int32, reason: String) throws {
        let place = try SendmailFixture()
        let ran = try place.run(words)
        #expect(ran.status == status, "\(ran)")
        #expect(ran.err.hasPrefix("sendmail: ") && ran.err.contains(reason) && ran.lines.isEmpty)
        #expect(ran.err.filter { $0 == "\n" }.count == 1)
        #expect(try place.spool.list("new") == [] && place.spool.list("tmp") == [])
    }

    @Test(
        "-N, -R and -V become the job's dsn",
        arguments: [
            (["-N", "never"], #"{"notify":["never"]}"#), (["-Nsuccess,failure"], #"{"notify":["success","failure"]}"#),
            (["-N", "DELAY, failure"], #"{"notify":["delay","failure"]}"#), (["-R", "hdrs"], #"{"return":"headers"}"#),
            (["-Rfull", "-V", "a b+c"], #"{"return":"full","envelopeId":"a b+c"}"#),
            (["-N", "delay", "-N", "success"], #"{"notify":["success"]}"#), ([], nil),
        ] as [([String], String?)])
    func dsn(words: [String], dsn: String?) throws {
        let place = try SendmailFixture()
        let ran = try place.run(words + ["a@b.example"])
        #expect(ran.status == 0 && ran.err == "", "\(ran)")
        let job = try #require(try place.jobs().first)
        #expect(job.object?["dsn"].map { String(decoding: $0.encoded, as: UTF8.self) } == dsn)
    }

    @Test("newaliases and -I have nothing to do; -v says the id; --help and --version answer")
    func others() throws {
        let place = try SendmailFixture()
        for (name, words) in [
            ("newaliases", []), ("newaliases", ["-v"]), ("sendmail", ["-bi"]), ("sendmail", ["-I"]),
            ("sendmail", ["-bH"]),
        ] {
            let ran = try place.run(words, as: name)
            #expect(ran.status == 0 && ran.out == "" && ran.err == "")
        }
        #expect(try place.spool.list("new") == [])
        let ran = try place.run(["-v", "a@b"])
        #expect(ran.out == "queued as \(try place.spool.list("new")[0])\n")
        let help = try place.run(["--help"])
        #expect(help.status == 0 && help.out.hasPrefix("usage: sendmail"))
        for line in help.lines { #expect(line.count <= 80, "\(line)") }
        #expect(try place.run(["--version"]).out.hasPrefix("outspool "))
    }
}
