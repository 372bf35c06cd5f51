internal import JSON
internal import Linux
internal import Spool

/// `outspool transfer --receive`: serves one transfer from standard input, and answers on standard output.
struct Receiver {
    private let arrivals: Arrivals

    /// Serves the spool at `path` until the other side ends. What was sent and not settled when its connection breaks is
    /// removed by the next session. An error is told to the other side, too.
    static func run(spool path: String) throws(TransferError) {
        var wire: TransferWire
        do throws(Errno) {
            let input = try Descriptor(duplicating: 0)
            let output = try Descriptor(duplicating: 1)
            wire = TransferWire(input: input, output: output)
        } catch { throw .broken("standard input and output: \(error)") }
        do throws(TransferError) { try Receiver(arrivals: Arrivals(path: path)).serve(&wire) } catch {
            // If the other side has gone, the message is lost, too.
            try? wire.say([("error", .string("\(error)"))])
            try? wire.flush()
            throw error
        }
    }

    private func serve(_ wire: inout TransferWire) throws(TransferError) {
        try wire.say([
            ("outspool", "transfer"), ("version", .number(.init(TransferWire.version))),
            ("spool", .string(arrivals.identity)),
        ])
        guard let first = try wire.hear() else { return }
        guard let name = first["transfer"]?.string.flatMap({ JobID($0) }) else { throw .broken(Receiver.nonsense) }
        var kept: Set<Parcel> = []
        while let line = try wire.hear(), line["begin"] == nil {
            guard let parcel = line.parcel("keep") else { throw .broken(Receiver.nonsense) }
            kept.insert(parcel)
        }
        try arrivals.begin(name) { name in Parcel(name: name, state: .new).map(kept.contains) == true }
        try wire.say([("ready", true)])
        while let line = try wire.hear() { if try !follow(line, &wire) { return } }
    }

    private static let nonsense = "the other side does not speak of a transfer"

    /// Does what a line asks for; false at the end.
    private func follow(_ line: JSON.Object, _ wire: inout TransferWire) throws(TransferError) -> Bool {
        let state = line["state"]?.string.flatMap { Parcel.state(at: $0) } ?? .new
        if let parcel = line.parcel("job", in: state) {
            guard line["state"] == .string(state.path), let modified = line["modified"]?.int,
                let size = line["bytes"]?.int, size >= 0
            else { throw .broken(Receiver.nonsense) }
            try arrivals.open(parcel, modified: Int64(modified))
            try wire.hear(bytes: size) { (piece) throws(TransferError) in try arrivals.write(piece) }
            try arrivals.close()
        } else if let parcel = line.parcel("forget") {
            try arrivals.forget([parcel])
        } else if let parcel = line.parcel("withdraw", in: state) {
            try answer(parcel, try arrivals.withdraw(parcel), &wire)
        } else if line["settle"] == true {
            for (parcel, answer) in try arrivals.settle() { try self.answer(parcel, answer, &wire) }
            try wire.say([("settled", true)])
        } else if let isComplete = line["end"]?.bool {
            if isComplete { try arrivals.end() }
            try wire.say([("ended", true)])
            try wire.flush()
            return false
        } else {
            throw .broken(Receiver.nonsense)
        }
        return true
    }

    private func answer(
        _ parcel: Parcel, _ answer: Parcel.Answer, _ wire: inout TransferWire
    ) throws(TransferError) {
        switch answer {
        case .arrived: try wire.say([("arrived", .string(parcel.name))])
        case .refused(let reason): try wire.say([("refused", .string(parcel.name)), ("reason", .string(reason))])
        }
    }
}
