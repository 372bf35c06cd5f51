internal import Text

/// The places of programs, which all workers share: how many run of each kind, of each template, and of `bulk` tasks.
///
/// Who is refused waits in a line. A place that becomes free is offered to the first in it that could use it; until that
/// worker takes or declines it, it counts as taken.
struct ProgramPlaces {
    /// A worker's request for a place.
    struct Request: Equatable {
        var kind: WaitingJob.Kind
        var template: String
        /// How many of the template may run at a time, where it says so.
        var templateLimit: Int?
        var isBulk = false
    }

    /// Which limit leaves no room for a program.
    enum Obstacle: String, CaseIterable {
        /// All places of the kind are taken.
        case kind
        /// As many of the template run as may.
        case template
        /// `bulk` leaves the last place of tasks to others.
        case bulk
    }

    /// A worker that waits for room, or has been offered it.
    private struct Waiting {
        let worker: Int
        let request: Request
        let obstacle: Obstacle
    }

    /// A place that is in use, or offered.
    private struct Taken {
        var count = 0
        var bulk = 0
        var byTemplate: [ExactText: Int] = [:]

        mutating func add(_ request: Request, _ amount: Int) {
            count += amount
            if request.isBulk { bulk += amount }
            let left = byTemplate[ExactText(request.template), default: 0] + amount
            byTemplate[ExactText(request.template)] = left == 0 ? nil : left
        }
    }

    private var limits: [WaitingJob.Kind: Int] = [:]
    private var taken: [WaitingJob.Kind: Taken] = [:]
    /// The programs that each worker runs.
    private var running: [Int: [Request]] = [:]
    private var line: [Waiting] = []
    private var offers: [Waiting] = []

    /// Goes by these limits from now on.
    mutating func use(tasks: Int, data: Int) { limits = [.task: tasks, .mailWithData: data] }

    /// How many programs of a kind run, or have a place offered.
    func count(_ kind: WaitingJob.Kind) -> Int { taken[kind]?.count ?? 0 }

    /// Takes a place for a worker's program, or returns the obstacle. The worker hears when there is room.
    mutating func take(_ request: Request, for worker: Int) -> Obstacle? {
        // A place that was offered is the one it takes, whatever it was offered for.
        if let offer = offers.firstIndex(where: { $0.worker == worker && $0.request.kind == request.kind }) {
            taken[request.kind, default: Taken()].add(offers.remove(at: offer).request, -1)
        }
        if let obstacle = obstacle(to: request) {
            let isInLine = line.contains {
                $0.worker == worker && $0.request.kind == request.kind && $0.obstacle == obstacle
                    && (obstacle != .template || $0.request.template.isExactly(request.template))
            }
            if !isInLine { line.append(Waiting(worker: worker, request: request, obstacle: obstacle)) }
            return obstacle
        }
        taken[request.kind, default: Taken()].add(request, 1)
        running[worker, default: []].append(request)
        return nil
    }

    private func obstacle(to request: Request) -> Obstacle? {
        let taken = taken[request.kind] ?? Taken()
        let limit = limits[request.kind] ?? 1
        if taken.count >= limit { return .kind }
        if let most = request.templateLimit, taken.byTemplate[ExactText(request.template), default: 0] >= most {
            return .template
        }
        if request.kind == .task, request.isBulk, taken.bulk >= max(limit - 1, 1) { return .bulk }
        return nil
    }

    /// A worker's program has ended.
    mutating func free(_ request: Request, of worker: Int) {
        guard let index = running[worker]?.firstIndex(of: request) else { return }
        running[worker]?.remove(at: index)
        taken[request.kind, default: Taken()].add(request, -1)
    }

    /// A worker has no use for what it was offered.
    mutating func decline(_ kind: WaitingJob.Kind, of worker: Int) {
        while let offer = offers.firstIndex(where: { $0.worker == worker && $0.request.kind == kind }) {
            taken[kind, default: Taken()].add(offers.remove(at: offer).request, -1)
        }
    }

    /// A worker has died, and its programs with it.
    mutating func end(_ worker: Int) {
        for request in running.removeValue(forKey: worker) ?? [] {
            taken[request.kind, default: Taken()].add(request, -1)
        }
        for offer in offers where offer.worker == worker {
            taken[offer.request.kind, default: Taken()].add(offer.request, -1)
        }
        offers.removeAll { $0.worker == worker }
        line.removeAll { $0.worker == worker }
    }

    /// Sets the programs of a worker by its own report, after messages were lost.
    mutating func set(_ requests: [Request], of worker: Int) {
        end(worker)
        for request in requests { taken[request.kind, default: Taken()].add(request, 1) }
        running[worker] = requests
    }

    /// Offers what has become free, and returns to whom there is what to tell: the kind of which there is room.
    mutating func offer() -> [(worker: Int, kind: WaitingJob.Kind)] {
        var told: [(worker: Int, kind: WaitingJob.Kind)] = []
        var index = 0
        while index < line.count {
            let waiting = line[index]
            guard obstacle(to: waiting.request) == nil else {
                index += 1
                continue
            }
            line.remove(at: index)
            taken[waiting.request.kind, default: Taken()].add(waiting.request, 1)
            offers.append(waiting)
            told.append((waiting.worker, waiting.request.kind))
        }
        return told
    }
}
