internal import EventLoop
internal import JSON
internal import Spool
internal import Text
internal import Time

/// A worker's side of the places of programs: it asks for one before a program starts, and tells when it has ended.
final class WorkerPlaces {
    private let loop: EventLoop
    private let way: WorkerTerms.Way
    private var running: [JobID: ProgramPlaces.Request] = [:]
    /// Called when there is room again for programs of a kind; what it starts may be given a place.
    var onRoom: (WaitingJob.Kind) -> Void = { _ in }

    /// A parent that did not answer is asked again after so long.
    private static let silence = Span.seconds(1)

    init(loop: EventLoop, way: WorkerTerms.Way) {
        self.loop = loop
        self.way = way
    }

    /// Takes a place for a job's program, or returns the obstacle. Then ``onRoom`` comes later.
    func take(_ job: WaitingJob) -> ProgramPlaces.Obstacle? {
        let request = ProgramPlaces.Request(
            kind: job.kind, template: job.template ?? "", templateLimit: job.places, isBulk: job.priority == .bulk)
        let answer = way.ask(.object(JSON.Object([("to", "places"), ("ask", "take"), ("place", request.json)])))
        guard let answer = answer?.object else {
            loop.schedule(after: Self.silence) { [weak self] in self?.onRoom(job.kind) }
            return .kind
        }
        if let obstacle = answer["obstacle"]?.string.flatMap({ ProgramPlaces.Obstacle(rawValue: $0) }) {
            return obstacle
        }
        running[job.id] = request
        return nil
    }

    /// A job's program has ended, or did not start. Nothing happens where it had no place.
    func free(_ id: JobID) {
        guard !running.isEmpty, let request = running.removeValue(forKey: id) else { return }
        way.tell(.object(JSON.Object([("to", "places"), ("tell", "free"), ("place", request.json)])))
    }

    func hear(_ message: JSON.Object) {
        guard let kind = message["room"]?.string.flatMap({ WaitingJob.Kind(word: $0) }) else { return }
        loop.later { [weak self] in
            guard let self else { return }
            onRoom(kind)
            // What was not taken is for others.
            way.tell(
                .object(JSON.Object([("to", "places"), ("tell", "decline"), ("kind", .string(kind.word))])))
        }
    }

    /// Tells the parent which places are taken here.
    func tellAgain() {
        let places = JSON.array(running.values.map(\.json))
        way.tell(.object(JSON.Object([("to", "places"), ("tell", "running"), ("places", places)])))
        for kind in WaitingJob.Kind.allCases { loop.later { [weak self] in self?.onRoom(kind) } }
    }
}

extension ProgramPlaces.Request {
    var json: JSON {
        var object = JSON.Object([
            ("kind", .string(kind.word)), ("template", .string(template)), ("bulk", .bool(isBulk)),
        ])
        object["limit"] = templateLimit.map { .number(.init($0)) }
        return .object(object)
    }

    /// Reads ``json``; nil if it is something else.
    init?(_ json: JSON?) {
        guard let object = json?.object, let kind = object["kind"]?.string.flatMap({ WaitingJob.Kind(word: $0) }) else {
            return nil
        }
        self.init(
            kind: kind, template: object["template"]?.string ?? "", templateLimit: object["limit"]?.int,
            isBulk: object["bulk"]?.bool ?? false)
    }
}

extension WaitingJob.Kind {
    var word: String {
        switch self {
        case .task: "task"
        case .mailWithData: "data"
        case .mail: "mail"
        }
    }

    init?(word: String) {
        guard let kind = Self.allCases.first(where: { $0.word.isExactly(word) }) else { return nil }
        self = kind
    }
}
