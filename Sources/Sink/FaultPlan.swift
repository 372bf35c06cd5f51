internal import SMTPServer
internal import Text

/// The faults that were asked for, and how often each has struck.
struct FaultPlan {
    private let faults: [Fault]
    private var counts: [Int]
    private var recipientCounts: [Target: Int] = [:]
    private let phases: UInt32

    /// Two faults for one recipient are counted apart.
    private struct Target: Hashable {
        let fault: Int
        let recipient: ExactText
    }

    /// A greylisting test with more recipients than this sees the rest accepted.
    static let recipientLimit = 1_000_000

    init(_ faults: [Fault]) {
        self.faults = faults
        counts = Array(repeating: 0, count: faults.count)
        phases = faults.reduce(0) { $0 | $1.phase.bit }
    }

    /// Whether any fault is planned for the phase at all.
    func concerns(_ phase: Phase) -> Bool { phases & phase.bit != 0 }

    /// The first fault of the phase that applies to one of the addresses and is not used up; it
    /// is counted. Early replies are left to ``strikeEarly(_:)``.
    mutating func strike(_ phase: Phase, _ addresses: [[UInt8]] = []) -> Fault? {
        guard concerns(phase) else { return nil }
        for index in faults.indices where faults[index].phase == phase && faults[index].action != .early {
            if let wanted = faults[index].address,
                !addresses.contains(where: { $0.text.lowercasedASCII.isExactly(wanted) })
            {
                continue
            }
            if count(index, addresses.first ?? []) { return faults[index] }
        }
        return nil
    }

    /// Whether the phase's reply should be sent early now; counted.
    mutating func strikeEarly(_ phase: Phase) -> Bool {
        guard concerns(phase) else { return false }
        for index in faults.indices where faults[index].phase == phase && faults[index].action == .early {
            if count(index, []) { return true }
        }
        return false
    }

    private mutating func count(_ index: Int, _ address: [UInt8]) -> Bool {
        switch faults[index].limit {
        case .always: return true
        case .first(let limit):
            guard counts[index] < limit else { return false }
            counts[index] += 1
            return true
        case .firstForEachRecipient(let limit):
            let target = Target(fault: index, recipient: ExactText(address.text.lowercasedASCII))
            let seen = recipientCounts[target] ?? 0
            guard seen < limit, seen > 0 || recipientCounts.count < Self.recipientLimit else { return false }
            recipientCounts[target] = seen + 1
            return true
        }
    }
}
