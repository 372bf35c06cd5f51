internal import Spool

/// The jobs that are claimed, and what they take up.
struct Flights {
    /// The places that the programs of one kind take up.
    struct Running {
        fileprivate(set) var count = 0
        fileprivate(set) var bulk = 0
        fileprivate(set) var byTemplate: [String: Int] = [:]

        fileprivate mutating func add(_ flight: Flight, _ amount: Int) {
            count += amount
            if flight.priority == .bulk { bulk += amount }
            let left = byTemplate[flight.template, default: 0] + amount
            byTemplate[flight.template] = left == 0 ? nil : left
        }
    }

    fileprivate struct Flight {
        var kind: WaitingJob.Kind
        let priority: Job.Priority
        let template: String
    }

    private var flights: [JobID: Flight] = [:]
    /// Jobs that are claimed and end without a courier.
    private var settling: Set<JobID> = []
    /// How many mails are sent, or wait for a connection.
    private(set) var mails = 0
    /// How many of them are `bulk`.
    private(set) var bulkMails = 0
    private(set) var tasks = Running()
    private(set) var data = Running()

    /// Whether no courier has a job.
    var isEmpty: Bool { flights.isEmpty }

    func contains(_ id: JobID) -> Bool { flights[id] != nil || settling.contains(id) }

    /// A courier gets a job. Nothing happens if it has it already.
    mutating func begin(_ job: WaitingJob) {
        guard flights[job.id] == nil else { return }
        let flight = Flight(kind: job.kind, priority: job.priority, template: job.template ?? "")
        flights[job.id] = flight
        count(flight, 1)
    }

    /// A job is claimed to be settled without a courier.
    mutating func settle(_ id: JobID) { settling.insert(id) }

    /// Turns a program's job into a mail; false when no courier has the job.
    mutating func becomeMail(_ id: JobID) -> Bool {
        guard let flight = flights[id] else { return false }
        count(flight, -1)
        flights[id]?.kind = .mail
        count(Flight(kind: .mail, priority: flight.priority, template: flight.template), 1)
        return true
    }

    /// A job has left `cur/`; false when no courier had it.
    mutating func end(_ id: JobID) -> Bool {
        settling.remove(id)
        guard let flight = flights.removeValue(forKey: id) else { return false }
        count(flight, -1)
        return true
    }

    private mutating func count(_ flight: Flight, _ amount: Int) {
        switch flight.kind {
        case .task: tasks.add(flight, amount)
        case .mailWithData: data.add(flight, amount)
        case .mail:
            mails += amount
            if flight.priority == .bulk { bulkMails += amount }
        }
    }
}
