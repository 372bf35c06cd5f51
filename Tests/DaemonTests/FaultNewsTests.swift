import Daemon
import Testing

@Suite("What is news of a relay")
struct FaultNewsTests {
    @Test(
        "Times and numbers of errors are none, everything else is",
        arguments: [
            (
                "failed at connect: Failed to connect to relay port 587 after 0 ms: Couldn't connect",
                "failed at connect: Failed to connect to relay port 587 after 1203 ms: Couldn't connect", true
            ),
            ("Resolving timed out after 5000 milliseconds", "Resolving timed out after 5001 milliseconds", true),
            ("SSL connection timeout, errno 104", "SSL connection timeout, errno 110", true),
            ("Operation timed out after 57ms", "Operation timed out after 60ms", true),
            ("no reply for 300 s", "no reply for 301 s", true),
            ("connect: 421 4.7.0 Busy", "connect: 421 4.7.0 Busy", true),
            ("connect: 421 4.7.0 Busy", "connect: 451 4.7.0 Busy", false),
            ("Failed to connect to relay port 587 after 0 ms", "Failed to connect to relay port 25 after 0 ms", false),
            ("connection refused", "connection reset", false), ("", "x", false), ("", "", true),
        ] as [(String, String, Bool)])
    func same(one: String, other: String, isSame: Bool) {
        #expect(FaultNews.isSame(one, other) == isSame)
        #expect(FaultNews.isSame(other, one) == isSame)
    }
}
