package import JSON
internal import Spool
internal import Time

/// How a worker's measures travel to its parent. Both are one program: what cannot be read counts as nothing.
extension Measures {
    package var json: JSON {
        func number(_ value: Int) -> JSON { .number(.init(value)) }
        var object = JSON.Object([
            ("counters", counters.json), ("waiting", number(waiting)), ("inFlight", number(inFlight)),
            ("unwritten", number(unwritten)), ("told", .number(.init(Int(told.nanoseconds)))),
            ("stopped", number(stopped)),
            ("stoppedFiles", .array(stoppedFiles.map { .string($0) })), ("logLinesDropped", number(logLinesDropped)),
            ("tasksWaiting", number(tasksWaiting)), ("tasksRunning", number(tasksRunning)),
            ("tasksByTemplate", tasksByTemplate.json), ("tasks", .array(tasks.map(\.json))),
        ])
        object["linedUp"] = .object(
            JSON.Object(
                Job.Priority.allCases.map { (name: $0.rawValue, value: number(linedUp[$0] ?? 0)) }))
        object["relays"] = .array(
            relays.map {
                .object(JSON.Object([("status", $0.status.json), ("inFlight", number($0.inFlight))]))
            })
        return .object(object)
    }

    package init(_ value: JSON) {
        self.init()
        guard let object = value.object else { return }
        func number(_ name: String) -> Int { object[name]?.int ?? 0 }
        counters = Counters(object["counters"] ?? .null)
        waiting = number("waiting")
        inFlight = number("inFlight")
        unwritten = number("unwritten")
        told = object["told"]?.int.map { Timestamp(nanoseconds: Int64($0)) } ?? .distantFuture
        stopped = number("stopped")
        stoppedFiles = (object["stoppedFiles"]?.array ?? []).compactMap(\.string)
        logLinesDropped = number("logLinesDropped")
        tasksWaiting = number("tasksWaiting")
        tasksRunning = number("tasksRunning")
        tasksByTemplate = Counters.Labelled(object["tasksByTemplate"] ?? .null)
        tasks = (object["tasks"]?.array ?? []).compactMap { $0.object.flatMap { DaemonStatus.Task($0) } }
        for priority in Job.Priority.allCases {
            linedUp[priority] = object["linedUp"]?.object?[priority.rawValue]?.int ?? 0
        }
        relays = (object["relays"]?.array ?? []).compactMap { one in
            guard let object = one.object, let status = object["status"]?.object.flatMap({ DaemonStatus.Relay($0) })
            else { return nil }
            return Relay(status, inFlight: object["inFlight"]?.int ?? 0)
        }
    }
}

extension Counters {
    /// The numbers, by the names under which they travel.
    private static var numbers: [(name: String, path: WritableKeyPath<Counters, Int>)] {
        [
            ("received", \.received), ("diskRefusals", \.diskRefusals), ("inotifyOverflows", \.inotifyOverflows),
            ("reloads", \.reloads), ("failedReloads", \.failedReloads), ("digests", \.digests),
        ]
    }
    private static var labelled: [(name: String, path: WritableKeyPath<Counters, Labelled>)] {
        [
            ("recipients", \.recipients), ("programs", \.programs), ("done", \.done), ("deferred", \.deferred),
            ("held", \.held), ("blocked", \.blocked), ("attempts", \.attempts), ("returned", \.returned),
            ("breakerOpenings", \.breakerOpenings), ("connections", \.connections),
            ("connectionFailures", \.connectionFailures), ("rateWaits", \.rateWaits),
        ]
    }
    private static var histograms: [(name: String, path: WritableKeyPath<Counters, Histogram>)] {
        [
            ("attemptTime", \.attemptTime), ("taskTime", \.taskTime),
        ]
    }

    /// Adds what another process counted.
    package mutating func add(_ other: Counters) {
        for (_, path) in Counters.numbers { self[keyPath: path] += other[keyPath: path] }
        for (_, path) in Counters.labelled { self[keyPath: path].add(other[keyPath: path]) }
        for (_, path) in Counters.histograms { self[keyPath: path].add(other[keyPath: path]) }
        for (kind, counts) in other.dead { dead[kind, default: Labelled()].add(counts) }
        for (priority, histogram) in other.latency {
            latency[priority, default: Histogram(bounds: Counters.latencyBounds)].add(histogram)
        }
    }

    fileprivate var json: JSON {
        var object = JSON.Object()
        for (name, path) in Counters.numbers { object[name] = .number(.init(self[keyPath: path])) }
        for (name, path) in Counters.labelled { object[name] = self[keyPath: path].json }
        for (name, path) in Counters.histograms { object[name] = self[keyPath: path].json }
        object["dead"] = .object(
            JSON.Object(dead.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.rawValue, $0.value.json) }))
        object["latency"] = .object(
            JSON.Object(
                latency.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.rawValue, $0.value.json) }))
        return .object(object)
    }

    fileprivate init(_ value: JSON) {
        self.init()
        guard let object = value.object else { return }
        for (name, path) in Counters.numbers { self[keyPath: path] = object[name]?.int ?? 0 }
        for (name, path) in Counters.labelled { self[keyPath: path] = Labelled(object[name] ?? .null) }
        for (name, path) in Counters.histograms {
            self[keyPath: path] = Histogram(object[name] ?? .null, bounds: self[keyPath: path].bounds)
        }
        for (name, counts) in object["dead"]?.object?.members ?? [] {
            if let kind = Event.Kind(rawValue: name) { dead[kind] = Labelled(counts) }
        }
        for (name, histogram) in object["latency"]?.object?.members ?? [] {
            guard let priority = Job.Priority(rawValue: name) else { continue }
            latency[priority] = Histogram(histogram, bounds: Counters.latencyBounds)
        }
    }
}

extension Counters.Labelled {
    fileprivate var json: JSON {
        .object(JSON.Object(sorted.map { (name: $0.label, value: .number(.init($0.count))) }))
    }

    fileprivate init(_ value: JSON) {
        self.init()
        for (label, amount) in value.object?.members ?? [] { count(label, by: amount.int ?? 0) }
    }
}

extension Histogram {
    fileprivate var json: JSON {
        .object(
            JSON.Object([
                ("counts", .array(counts.map { .number(.init($0)) })), ("sum", .number(.init(text: "\(sum)"))),
            ]))
    }

    /// One without observations where the value is another's.
    fileprivate init(_ value: JSON, bounds: [Double]) {
        let counts = (value.object?["counts"]?.array ?? []).compactMap(\.int)
        var sum = 0.0
        if case .number(let number) = value.object?["sum"] { sum = number.double }
        self = Histogram(bounds: bounds, counts: counts, sum: sum) ?? Histogram(bounds: bounds)
    }
}
