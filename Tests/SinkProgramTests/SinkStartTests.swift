import Foundation
import Scratch
import Testing

@Suite("The program", .serialized, .ownThreads)
struct SinkStartTests {
    @Test(
        "Ends with a status of sysexits(3) and one line",
        arguments: [
            (["--listen", "192.0.2.1:2525"], 64, "--allow-remote"), ([], 64, "--listen"),
            (["--listen", "192.0.2.1:2525", "--allow-remote"], 69, "192.0.2.1:2525"),
            (["--listen", "127.0.0.1:0", "--maildir", "/dev/null/mail"], 73, "/dev/null/mail"),
            (["--listen", "127.0.0.1:0", "--log", "/dev/null/log"], 73, "/dev/null/log"),
            (["--listen", "127.0.0.1:0", "--tls-self-signed", "/dev/null/tls"], 73, "/dev/null/tls"),
            (["--listen", "127.0.0.1:0", "--tls-cert", "/dev/null", "--tls-key", "/dev/null"], 66, "/dev/null"),
            (["--listen", "127.0.0.1:0", "--auth-file", "/dev/null/x"], 66, "/dev/null/x"),
        ] as [([String], Int32, String)])
    func fails(arguments: [String], status: Int32, names: String) throws {
        let result = try SinkProcess.run(arguments)
        #expect(result.status == status)
        #expect(result.out == "")
        #expect(result.err.hasPrefix("outspool-sink: ") && result.err.contains(names))
        #expect(result.err.filter { $0 == "\n" }.count == 1)
    }

    @Test("A port that is taken is unavailable")
    func taken() throws {
        let sink = try SinkProcess()
        let result = try SinkProcess.run(["--listen", "127.0.0.1:\(sink.port)"])
        #expect(result.status == 69)
        #expect(result.err.contains("127.0.0.1:\(sink.port)"))
    }

    @Test("Says what it is and how it is used")
    func says() throws {
        #expect(try SinkProcess.run(["--version"]) == Ran(status: 0, out: "outspool-sink 0.1.0\n", err: ""))
        let help = try SinkProcess.run(["--help"])
        #expect(help.status == 0 && help.out.hasPrefix("usage: outspool-sink") && help.err == "")
    }

    @Test("Keeps the key to itself, and replaces an older one")
    func selfSigned() throws {
        let directory = try Scratch()
        _ = try SinkProcess(["--tls-self-signed", "tls"], in: directory)
        let first = try directory.read("tls/cert.pem")
        _ = try SinkProcess(["--tls-self-signed", "tls"], in: directory)
        #expect(try directory.read("tls/cert.pem") != first)
        #expect(try directory.mode("tls/key.pem") == 0o600)
        #expect(try directory.list("tls") == ["cert.pem", "key.pem"])
    }
}
