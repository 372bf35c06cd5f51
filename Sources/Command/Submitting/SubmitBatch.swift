internal import JSON
internal import Linux
internal import Spool
internal import Text

/// Queues one job per line and prints the ids in the order of the lines.
///
/// A bad line is said on standard error with its number, and the others are queued. Ids are
/// printed only when their jobs are on disk. When the spool takes no more, reading stops.
func submitBatch(
    _ file: String, to path: String, _ templates: VisibleTemplates, _ output: Output
) throws(Failure) -> ExitStatus {
    let entrance: Entrance
    do throws(SpoolError) { entrance = try Entrance(path: path) } catch { throw notSubmitted(error, to: path) }
    var batch = Batch(entrance, templates, output)
    try Input.lines(of: file) { (line) throws(Failure) in try batch.add(line) }
    try batch.flush()
    return batch.hasBadLines ? .data : .success
}

private struct Batch {
    private let entrance: Entrance
    private let templates: VisibleTemplates
    private let output: Output
    private var number = 0
    private var bytes = 0
    private var jobs: [(object: [UInt8], id: JobID)] = []
    private var values: [JSON] = []
    private var numbers: [Int] = []
    private(set) var hasBadLines = false

    init(_ entrance: Entrance, _ templates: VisibleTemplates, _ output: Output) {
        self.entrance = entrance
        self.templates = templates
        self.output = output
    }

    mutating func add(_ line: [UInt8]) throws(Failure) {
        number += 1
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
        do throws(Failure) {
            let (value, object, id, isChosen) = try job(line)
            let namesake = isChosen ? try spoolStep(entrance.namesake(of: id, value)) : nil
            if let namesake {
                if let refusal = refusal(of: id, because: namesake) { throw refusal }
            } else {
                try refuseLate(value)
            }
            jobs.append((object, id))
            values.append(value)
            numbers.append(number)
        } catch {
            // Not the line's fault: those before it are queued, and it is said how far this came.
            guard error.status != .inputOutput, error.status != .temporary else {
                try flush()
                throw Failure(error.status, "line \(number): \(error.message)")
            }
            complain("line \(number): \(error.message)")
            hasBadLines = true
            return
        }
        bytes += line.count
        // Few waits for the disk, and a bounded part of a long input in memory.
        if jobs.count >= 1024 || bytes >= 8 << 20 { try flush() }
    }

    /// A line is a job object, or `{"id": …, "job": {…}}`.
    private func job(
        _ line: [UInt8]
    ) throws(Failure) -> (value: JSON, object: [UInt8], id: JobID, isChosen: Bool) {
        var value = try Input.json(line, of: "not JSON")
        var object = line
        var id: String?
        if let wrapper = value.object, let inner = wrapper["job"] {
            if let other = wrapper.names.first(where: { $0 != "id" && $0 != "job" }) {
                throw Failure(.data, "/\(printable(pointerToken(other))): unknown; a line has id and job")
            }
            if let given = wrapper["id"], given != .null {
                guard let text = given.string else { throw Failure(.data, "/id: is \(given.typeName), not a string") }
                id = text
            }
            value = inner
            object = inner.encoded
        }
        try judge(value, templates)
        return (value, object + [0x0A], try jobID(id), id != nil)
    }

    /// Queues what waits.
    mutating func flush() throws(Failure) {
        let results = entrance.submit(batch: jobs)
        var failure: Failure?
        for (index, result) in results.enumerated() {
            switch result {
            case .success(let id): try output.line(id.text)
            case .failure(let error) where error.step == .publish && error.errno == .exists:
                let id = jobs[index].id
                if let namesake = try spoolStep(entrance.namesake(of: id, values[index])),
                    let refusal = refusal(of: id, because: namesake)
                {
                    complain("line \(numbers[index]): \(refusal.message)")
                    hasBadLines = true
                } else {
                    complain("line \(numbers[index]): \(id) is already queued")
                    try output.line(id.text)
                }
            case .failure(let error):
                complain("line \(numbers[index]): \(error)")
                failure = Failure(error)
            }
        }
        let last = number
        do throws(Failure) { try output.flush() } catch {
            throw Failure(error.status, "\(error.message); the jobs up to line \(last) are queued")
        }
        (jobs, values, numbers, bytes) = ([], [], [], 0)
        if let failure { throw Failure(failure.status, "stopped after line \(last)") }
    }
}
