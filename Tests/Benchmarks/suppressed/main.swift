// What a look at a suppressed address costs a mail:
//
//     swift build -c release --product bench-suppressed
//     .build/release/bench-suppressed DIRECTORY [ADDRESSES [LOOKUPS]]
//
// Fills `suppressed/` of a spool in DIRECTORY, which it makes, with that many addresses, a million if none is said, unless
// it has some already, and
// prints microseconds of the processor for each lookup, and in all: of addresses that are not there, of such that are, and with an empty directory.

import Glibc
import Linux
import Spool
import Time

let words = CommandLine.arguments
guard words.count > 1 else {
    print("usage: bench-suppressed DIRECTORY [ADDRESSES [LOOKUPS]]")
    Linux.Process.exit(64)
}
let path = words[1] + "/spool"
let count = words.count > 2 ? Int(words[2]) ?? 1_000_000 : 1_000_000
let lookups = words.count > 3 ? Int(words[3]) ?? 1_000_000 : 1_000_000

/// Addresses as mailings have them: few domains, and names that look like nothing before.
func address(_ number: Int, _ kind: String) -> String {
    let mixed = String(UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15, radix: 36)
    return "\(kind).\(mixed)@mail\(number % 1000).example.com"
}

/// Nanoseconds of the processor that this process has used.
func used() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

func measure(_ title: String, _ files: SuppressionFiles, _ kind: String, finds: Bool) throws {
    let addresses = (0..<min(lookups, count)).map { address($0 &* 7919 % count, kind) }
    var found = 0
    let start = Clock.monotonic
    let before = used()
    for _ in 0..<max(lookups / addresses.count, 1) {
        for address in addresses where try files.record(of: address) != nil { found += 1 }
    }
    let done = max(lookups / addresses.count, 1) * addresses.count
    func each(_ nanoseconds: Int64) -> Double { (Double(nanoseconds) / Double(done)).rounded() / 1000 }
    let (processor, elapsed) = (each(used() - before), each(Clock.monotonic - start))
    guard found == (finds ? done : 0) else {
        print("\(title): found \(found) of \(done)")
        Linux.Process.exit(1)
    }
    print("\(title): \(processor) us, \(elapsed) us elapsed, \(done) lookups")
}

/// Names that no run before has asked for: the kernel remembers what is not there.
let absent = "absent\(Linux.Process.id)"

try Creation.spool(at: path)
let files = try SuppressionFiles(path: path)
try files.look(now: .now)
if !files.hasFiles { try measure("an empty directory", files, absent, finds: false) }
func fill(_ files: SuppressionFiles) throws {
    let start = Clock.monotonic
    var added = 0
    for first in stride(from: 0, to: count, by: 10_000) {
        let entries = (first..<min(first + 10_000, count)).map { number in
            SuppressionEntry(address(number, "user"), at: .now, why: .badAddress, reason: "550 5.1.1 No such user")
        }
        added += try files.addNew(entries)
    }
    print("\(added) addresses added in \((Clock.monotonic - start) / 1_000_000_000) s")
}
if !files.hasFiles { try fill(files) }
try files.look(now: .now)
try measure("not suppressed", files, absent, finds: false)
try measure("suppressed", files, "user", finds: true)
