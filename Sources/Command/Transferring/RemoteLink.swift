internal import Glibc
internal import JSON
internal import Linux
internal import Spool
internal import Text

/// A spool behind a program, such as ssh(1), that runs `outspool transfer --receive` there.
final class RemoteLink: TransferLink {
    let name: String
    private(set) var identity = ""
    private var wire: TransferWire
    private var program: ChildProcess
    /// The parcels sent since the last ``settle()``.
    private var batch: [Parcel] = []

    /// Starts the program and hears which spool is there.
    init(_ words: [String], name: String) throws(TransferError) {
        self.name = name
        do throws(Errno) {
            let toProgram = try Descriptor.waitingPipe()
            let theirInput = Descriptor(owning: toProgram.output)
            let ourOutput = Descriptor(owning: toProgram.input)
            let fromProgram = try Descriptor.waitingPipe()
            let ourInput = Descriptor(owning: fromProgram.output)
            let theirOutput = Descriptor(owning: fromProgram.input)
            program = try ChildProcess(
                words, environment: Process.environment(of: Process.id) ?? [],
                files: .init(input: theirInput.raw, output: theirOutput.raw, error: 2))
            wire = TransferWire(input: ourInput, output: ourOutput)
        } catch { throw .broken("\(words[0]): \(error)") }
        wire.patience = RemoteLink.patienceForGreeting
        guard let greeting = try hear(), greeting["outspool"]?.string?.isExactly("transfer") == true,
            let identity = greeting["spool"]?.string.flatMap({ JobID($0) })
        else { throw .broken("\(name): no outspool transfer --receive answers there") }
        guard greeting["version"]?.int == TransferWire.version else {
            throw .broken("\(name): its outspool speaks another version of the transfer")
        }
        self.identity = identity.text
        // What it syncs may take long.
        wire.patience = RemoteLink.patience
    }

    /// How long a connection and its login may take, and how long any answer, in seconds.
    private static let (patienceForGreeting, patience): (Int32, Int32) = (60, 600)

    /// The next line; when the program ended, the meaning of its end.
    private func hear() throws(TransferError) -> JSON.Object? {
        do throws(TransferError) { if let line = try wire.hear() { return line } } catch {
            guard case .broken(let what) = error else { throw error }
            throw .broken("\(name): \(what)")
        }
        throw .broken("\(name): \(ended())")
    }

    /// How the program ended, in words.
    private func ended() -> String {
        var events = pollfd(fd: program.descriptor.raw, events: Int16(POLLIN), revents: 0)
        // It closed its output, and ends; one that does not is ended.
        _ = poll(&events, 1, 5000)
        return "the connection has ended: \(program.reap() ?? .unknown)"
    }

    private func expect(_ member: String) throws(TransferError) {
        guard let line = try hear(), line[member] == true else {
            throw .broken("\(name): an answer out of its order")
        }
    }

    func begin(_ transfer: JobID, underWay: [Parcel]) throws(TransferError) {
        try wire.say([("transfer", .string(transfer.text))])
        for parcel in underWay { try wire.say([("keep", .string(parcel.name))]) }
        try wire.say([("begin", true)])
        try expect("ready")
    }

    func send(_ parcel: Parcel, _ contents: borrowing ParcelFile) throws(TransferError) {
        try wire.say([
            ("job", .string(parcel.name)), ("state", .string(parcel.state.path)),
            ("modified", .number(.init(Int(contents.status.modified)))),
            ("bytes", .number(.init(contents.status.size))),
        ])
        try forEachPiece(of: contents.file, size: contents.status.size, at: parcel.name) {
            (piece) throws(TransferError) in
            try wire.say(piece)
        }
        batch.append(parcel)
    }

    func settle() throws(TransferError) -> [(Parcel, Parcel.Answer)] {
        defer { batch = [] }
        try wire.say([("settle", true)])
        var answers: [(Parcel, Parcel.Answer)] = []
        for parcel in batch { answers.append((parcel, try answer(of: parcel))) }
        try expect("settled")
        return answers
    }

    private func answer(of parcel: Parcel) throws(TransferError) -> Parcel.Answer {
        guard let line = try hear() else { throw .broken("\(name): an answer is missing") }
        if line.parcel("arrived", in: parcel.state) == parcel { return .arrived }
        guard line.parcel("refused", in: parcel.state) == parcel else {
            throw .broken("\(name): an answer out of its order")
        }
        return .refused(line["reason"]?.string ?? "refused there")
    }

    func forget(_ parcels: [Parcel]) throws(TransferError) {
        for parcel in parcels { try wire.say([("forget", .string(parcel.name))]) }
    }

    func withdraw(_ parcel: Parcel) throws(TransferError) -> Parcel.Answer {
        try wire.say([("withdraw", .string(parcel.name)), ("state", .string(parcel.state.path))])
        return try answer(of: parcel)
    }

    func end(isComplete: Bool) throws(TransferError) {
        try wire.say([("end", .bool(isComplete))])
        try expect("ended")
        _ = ended()
    }
}
