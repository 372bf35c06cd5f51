import Foundation
import Scratch
import Testing

/// The proofs are programs; see docs/guarantees.md. Here each has a few seconds, so that what breaks a promise is
/// seen with the next `make test`.
private let proofs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Proof")

/// Whether a proof's own look at the machine finds what it needs: strace(1), root, filesystems.
private func mayRun(_ program: String) -> Bool {
    guard let python = Machine.program("python3") else { return false }
    return Machine.can([python, proofs.appending(path: program).path, Program.builtFolder.path, "--can"])
}

private func run(_ program: String, _ arguments: String...) throws -> String {
    let place = try Workplace()
    let ran = try place.run(
        try #require(Machine.program("python3")),
        [proofs.appending(path: program).path, Program.builtFolder.path] + arguments)
    #expect(ran.status == 0, "\(ran.out.suffix(4000))\(ran.err.suffix(4000))")
    return ran.out
}

@Suite("Proofs in short: crashes", .serialized, .ownThreads)
struct CrashProofTests {
    @Test(
        "A sample of kills and of failing calls loses nothing",
        .enabled(if: mayRun("crash.py"), "needs python3, and strace with the right to trace"))
    func crash() throws {
        let output = try run("crash.py", "--seconds", "25", "--seed", "\(UInt32.random(in: 0...999_999))")
        let last = try #require(output.split(separator: "\n").last)
        #expect(last.hasSuffix(": 0 losses"))
        #expect(!last.contains(" 0 kills"))
        #expect(!last.contains(" 0 faults,"))
    }

    @Test(
        "No 250 without a job, wherever outspool-smtpd dies or a call of it fails",
        .enabled(if: mayRun("doors.py"), "needs python3, and strace with the right to trace"))
    func doors() throws {
        let output = try run("doors.py", "crash", "--rounds", "5", "--seed", "\(UInt32.random(in: 0...999_999))")
        #expect(output.contains("none lost, none twice"))
    }

    @Test("Hostile sessions cost outspool-smtpd bounded memory", .enabled(if: Machine.program("python3") != nil))
    func doorUnderAttack() throws {
        let output = try run(
            "doors.py", "hostile", "--sessions", "500", "--seed", "\(UInt32.random(in: 0...999_999))")
        #expect(output.contains("a good client is served"))
    }

    @Test(
        "A power cut loses nothing that was acknowledged, and is noticed where it does",
        .enabled(if: mayRun("powercut.py"), "needs root, loop devices, ext4, XFS and btrfs with their mkfs"))
    func powerCut() throws {
        let output = try run(
            "powercut.py", "--rounds", "2", "--only", "lying,submit,submit-box,batch,daemon", "--seed",
            "\(UInt32.random(in: 0...999_999))")
        #expect(output.contains("powercut: 30 cuts"))
    }

    @Test(
        "Tasks among mail, with daemon and programs killed at random: all accounted for, nothing left",
        .enabled(if: mayRun("tasks.py"), "needs python3"))
    func tasks() throws {
        let output = try run(
            "tasks.py", "--tasks", "40", "--mails", "400", "--rate", "60", "--seed", "\(UInt32.random(in: 0...999_999))"
        )
        #expect(output.contains(": 0 losses"))
    }
}

@Suite("Proofs in short: transfers", .serialized, .ownThreads)
struct TransferProofTests {
    @Test(
        "A spool is emptied into another while either side is killed: each job is on one side, unchanged",
        .enabled(if: mayRun("transfer.py"), "needs python3, and strace with the right to trace"))
    func transfer() throws {
        let output = try run(
            "transfer.py", "--jobs", "300", "--kills", "10", "--points", "8", "--seed",
            "\(UInt32.random(in: 0...999_999))")
        #expect(output.contains("transfer: 0 losses"))
        #expect(output.contains("calls: "))
    }
}

@Suite("Proofs in short: what others do", .serialized, .ownThreads)
struct FaultProofTests {
    // The daemons here are not optimised and share the machine with other tests: the loop is given more time.
    @Test(
        "A sample of the faults of a relay has the outcomes that the rules say",
        .enabled(if: mayRun("faults.py"), "needs python3, openssl and faketime"))
    func faults() throws {
        let output = try run(
            "faults.py", "--seconds", "20", "--gap", "5", "--jobs", "4", "--seed", "\(UInt32.random(in: 0...999_999))")
        #expect(output.contains(": 0 losses"))
        #expect(!output.contains("faults: 0 fault cells"))
    }

    @Test(
        "Whatever a relay answers in whatever order, nobody is said to be sent to, or refused, who is not",
        .enabled(if: mayRun("faults.py"), "needs python3"))
    func orders() throws {
        let output = try run("orders.py", "--sample", "16")
        #expect(output.contains("orders: 16 orders of replies"))
        #expect(output.contains(": 0 losses"))
    }

    @Test(
        "Another user's attacks through a drop box change nothing and get nothing",
        .enabled(if: mayRun("hostile.py"), "needs python3, setpriv and root, to be three users"))
    func hostile() throws {
        let output = try run(
            "hostile.py", "--injections", "400", "--files", "0", "--slowest", "40", "--seed",
            "\(UInt32.random(in: 0...999_999))")
        #expect(output.contains("400 injections"))
        #expect(output.contains(": 0 losses"))
    }
}
