package import Spool
package import Time

/// Everything that the metrics file tells, at one moment.
package struct Metrics {
    package var version: String
    package var instance: String
    package var started: Timestamp
    package var now: Timestamp
    package var isPaused = false
    package var counters = Counters()
    package var census: [Census.Count] = []
    /// When the last of the directories was counted; nil before the first count is done.
    package var counted: Timestamp?
    package var inFlight = 0
    package var linedUp: [(priority: Job.Priority, count: Int)] = []
    package var unwritten = 0
    package var logLinesDropped = 0
    /// Programs that run, by template.
    package var tasks = Counters.Labelled()
    package var relays: [Relay] = []
    /// How many workers run; nil in a daemon without.
    package var workers: Int?

    package struct Relay {
        package var name: String
        package var isOpen: Bool
        package var connections: Int
        package var limit: Int
        package var inFlight: Int
        package var quotas: [DaemonStatus.Quota]

        package init(
            name: String, isOpen: Bool, connections: Int, limit: Int, inFlight: Int, quotas: [DaemonStatus.Quota] = []
        ) {
            self.name = name
            self.isOpen = isOpen
            self.connections = connections
            self.limit = limit
            self.inFlight = inFlight
            self.quotas = quotas
        }
    }

    package init(version: String, instance: String, started: Timestamp, now: Timestamp) {
        self.version = version
        self.instance = instance
        self.started = started
        self.now = now
    }

    /// Takes over what the queues tell.
    package mutating func take(_ measures: Measures) {
        counters = measures.counters
        inFlight = measures.inFlight
        linedUp = Job.Priority.allCases.map { ($0, measures.linedUp[$0] ?? 0) }
        unwritten = measures.unwritten
        logLinesDropped = measures.logLinesDropped
        tasks = measures.tasksByTemplate
        relays = measures.relays.map { relay in
            Relay(
                name: relay.status.name, isOpen: relay.status.isOpen, connections: relay.status.connections,
                limit: relay.status.limit ?? 0, inFlight: relay.inFlight, quotas: relay.status.quotas)
        }
    }

    /// The file's contents.
    package var text: String {
        var out = Exposition()
        func one(_ value: Int) -> [(Exposition.Labels, Double)] { [([], Double(value))] }
        func by(_ label: String, _ counts: Counters.Labelled) -> [(Exposition.Labels, Double)] {
            counts.sorted.map { ([(label, $0.label)], Double($0.count)) }
        }
        out.family(
            "outspool_build_info", .gauge, "The daemon's version and instance; always 1.",
            [([("version", version), ("instance_name", instance)], 1)])
        out.family(
            "outspool_start_time_seconds", .gauge, "When the daemon started, in Unix time.",
            [([], Double(started.seconds))])
        out.family(
            "outspool_last_write_timestamp_seconds", .gauge,
            "When this file was written, in Unix time. An old one is a daemon that does not run.",
            [([], Double(now.seconds))])
        out.family("outspool_paused", .gauge, "Whether a pause file is in the spool.", one(isPaused ? 1 : 0))
        if let workers { out.family("outspool_workers", .gauge, "Workers that run.", one(workers)) }

        queue(&out)
        jobs(&out, by: by)
        out.family(
            "outspool_recipients_total", .counter, "Recipients by the outcome of an attempt.",
            by("outcome", counters.recipients))
        out.histograms(
            "outspool_delivery_latency_seconds", "From a job's submission to its end in done/, by priority.",
            Job.Priority.allCases.map {
                ([("priority", $0.rawValue)], counters.latency[$0] ?? Histogram(bounds: Counters.latencyBounds))
            })
        out.histograms(
            "outspool_attempt_duration_seconds", "From the hand-over to a connection to the last reply.",
            [([], counters.attemptTime)])
        wire(&out, by: by)
        out.family(
            "outspool_tasks_running", .gauge, "Programs of tasks that run, by template.", by("template", tasks))
        out.family(
            "outspool_program_outcomes_total", .counter, "What programs came to: tasks, and data that was deferred.",
            by("outcome", counters.programs))
        out.histograms(
            "outspool_task_duration_seconds", "From the start of a task's program to its end.",
            [([], counters.taskTime)])

        out.family(
            "outspool_disk_refusals_total", .counter, "Steps that the spool's filesystem refused.",
            one(counters.diskRefusals))
        out.family(
            "outspool_outcomes_unwritten", .gauge, "Outcomes that wait for the disk; nothing is claimed meanwhile.",
            one(unwritten))
        out.family(
            "outspool_inotify_overflows_total", .counter, "How often events were lost and everything was read again.",
            one(counters.inotifyOverflows))
        out.family(
            "outspool_log_lines_dropped_total", .counter, "Lines of the log that could not be written.",
            one(logLinesDropped))
        out.family(
            "outspool_reloads_total", .counter, "Configurations that SIGHUP had read, by whether they were valid.",
            [([("result", "ok")], Double(counters.reloads)), ([("result", "invalid")], Double(counters.failedReloads))])
        out.family(
            "outspool_digests_total", .counter, "Digests that were submitted for `notify`.", one(counters.digests))
        out.family(
            "outspool_on_dead_runs_total", .counter, "Runs of `on_dead` by how they ended.",
            by("result", counters.deadRuns))
        return out.text
    }

    private func queue(_ out: inout Exposition) {
        out.family(
            "outspool_jobs", .gauge, "Jobs by state, the directory that they are in, as last counted.",
            census.map { ([("state", $0.state)], Double($0.jobs)) } + [([("state", "cur")], Double(inFlight))])
        out.family(
            "outspool_oldest_job_age_seconds", .gauge,
            "Age of the oldest job by state, 0 for an empty state; an estimate in directories of many jobs.",
            census.filter { $0.state != "done" }.map { count in
                ([("state", count.state)], count.oldest.map { max((now - $0).inSeconds, 0).rounded() } ?? 0)
            })
        out.family(
            "outspool_counted_timestamp_seconds", .gauge, "When the directories were last counted, in Unix time.",
            counted.map { [([], Double($0.seconds))] } ?? [])
        out.family("outspool_jobs_in_flight", .gauge, "Jobs that a connection has.", [([], Double(inFlight))])
        out.family(
            "outspool_jobs_lined_up", .gauge, "Jobs in memory that wait for a connection, by priority.",
            linedUp.map { ([("priority", $0.priority.rawValue)], Double($0.count)) })
    }

    private func jobs(_ out: inout Exposition, by: (String, Counters.Labelled) -> [(Exposition.Labels, Double)]) {
        out.family(
            "outspool_jobs_received_total", .counter,
            "Jobs that were claimed for the first time or taken from a drop box.", [([], Double(counters.received))])
        for (name, counts, help) in [
            ("done", counters.done, "Jobs of which every recipient was accepted, by template."),
            ("deferred", counters.deferred, "Attempts after which a job was put into a bucket, by template."),
            ("held", counters.held, "Jobs that the daemon put into hold/, by template."),
            ("blocked", counters.blocked, "Looks at a job whose template or configuration is at fault, by template."),
        ] { out.family("outspool_jobs_\(name)_total", .counter, help, by("template", counts)) }
        // Without labels it is there before it counts: `increase()` sees no first step of a new series.
        out.family(
            "outspool_dead_letters_total", .counter, "Dead letters of every cause and template.",
            [([], Double(counters.deadLetters))])
        out.family(
            "outspool_jobs_dead_total", .counter, "Dead letters, by cause and template.",
            counters.dead.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { cause, counts in
                counts.sorted.map { ([("cause", cause.rawValue), ("template", $0.label)], Double($0.count)) }
            })
    }

    private func wire(_ out: inout Exposition, by: (String, Counters.Labelled) -> [(Exposition.Labels, Double)]) {
        func each(_ value: (Relay) -> Int) -> [(Exposition.Labels, Double)] {
            relays.map { ([("relay", $0.name)], Double(value($0))) }
        }
        out.family(
            "outspool_relay_breaker_open", .gauge, "Whether a relay's breaker is open.", each { $0.isOpen ? 1 : 0 })
        out.family(
            "outspool_relay_connections", .gauge, "Connections to a relay, those under way included.",
            each(\.connections))
        out.family("outspool_relay_connections_limit", .gauge, "The relay's `connections`.", each(\.limit))
        out.family(
            "outspool_relay_jobs_in_flight", .gauge, "Jobs that were handed to a relay's connections.", each(\.inFlight)
        )
        func quotas(_ value: (DaemonStatus.Quota) -> Int) -> [(Exposition.Labels, Double)] {
            relays.flatMap { relay in
                relay.quotas.map { ([("relay", relay.name), ("per", $0.unit)], Double(value($0))) }
            }
        }
        out.family(
            "outspool_relay_quota_used", .gauge, "Recipients that count against a relay's `quota`.", quotas(\.used))
        out.family(
            "outspool_relay_quota_limit", .gauge, "A relay's `quota`, by its unit: m, h or d.", quotas(\.limit))
        for (name, counts, help) in [
            ("attempts", counters.attempts, "Attempts that ended with an outcome."),
            ("returned_jobs", counters.returned, "Jobs that a failing relay gave back; no attempt."),
            ("breaker_openings", counters.breakerOpenings, "How often the breaker opened."),
            ("connections_opened", counters.connections, "Connections that were begun."),
            ("connection_failures", counters.connectionFailures, "Connections that failed before a job."),
            ("rate_waits", counters.rateWaits, "How often a job waited for the relay's `rate`."),
        ] { out.family("outspool_relay_\(name)_total", .counter, help, zeroes(by("relay", counts))) }
    }

    /// A relay that is configured has each of its counters, at 0 to begin with.
    private func zeroes(_ samples: [(Exposition.Labels, Double)]) -> [(Exposition.Labels, Double)] {
        let known = Set(samples.map { $0.0[0].value })
        return samples + relays.filter { !known.contains($0.name) }.map { ([("relay", $0.name)], 0) }
    }
}
