internal import Glibc

/// What libFuzzer calls for each of its inputs: the target that `OUTSPOOL_FUZZ_TARGET` names takes it.
///
/// A target ends the process where a promise does not hold; libFuzzer keeps the input. See Tests/Proof/fuzz.py.
@_cdecl("LLVMFuzzerTestOneInput")
package func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    target(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// Every target by its name; each takes any bytes whatever.
private let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "json": fuzzJSON, "base64": fuzzBase64, "time": fuzzTime, "names": fuzzNames,
    "job": fuzzJob, "history": fuzzHistory, "suppression": fuzzSuppression, "csv": fuzzCSV,
    "mustache": fuzzMustache, "template-conf": fuzzTemplateConf, "schema": fuzzSchema, "pattern": fuzzPattern,
    "configuration": fuzzConfiguration,
    "reply": fuzzReply, "session": fuzzSession, "dots": fuzzDots,
    "address": fuzzAddress, "message": fuzzMessage, "sevenbit": fuzzSevenBit, "composition": fuzzComposition,
    "html": fuzzHTML,
    "sendmail": fuzzSendmail, "door": fuzzDoor, "web": fuzzWeb, "clients": fuzzClients,
    "feedback": fuzzFeedback, "webhook": fuzzWebhook,
]

private let target: @Sendable ([UInt8]) -> Void = {
    let name = getenv("OUTSPOOL_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let found = targets[name] else {
        // The driver asks so for the list.
        print(targets.keys.sorted().joined(separator: "\n"))
        fflush(nil)
        // libFuzzer takes exit(3) for a finding.
        _exit(name == "list" ? 0 : 64)
    }
    return found
}()

/// Ends the process unless what was promised holds.
func must(_ holds: Bool, _ promise: @autoclosure () -> String) {
    if !holds { fatalError("not so: \(promise())") }
}

extension [UInt8] {
    /// An input of several parts has a NUL between them; there are always `count`, the last takes the rest.
    func parts(_ count: Int) -> [[UInt8]] {
        var parts = split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false).map(Array.init)
        while parts.count < count { parts.append([]) }
        return parts
    }

    /// As a text, what is not UTF-8 in it replaced.
    var text: String { String(decoding: self, as: UTF8.self) }
}

/// Whether every line ends in CRLF, and neither stands alone.
func hasOnlyCRLF(_ bytes: [UInt8]) -> Bool {
    var previous: UInt8 = 0
    for byte in bytes {
        if (byte == 0x0A) != (previous == 0x0D) { return false }
        previous = byte
    }
    return previous == 0x0A || bytes.isEmpty
}
