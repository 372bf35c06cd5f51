internal import Spool
internal import Time

/// What a daemon writes of itself, for people and for monitoring.
extension Daemon {
    func writeStatus(_ now: Timestamp) {
        let state =
            isFinished
            ? "stopped"
            : queue.scheduler.isStopping ? "stopping" : queue.scheduler.isOpen ? "running" : "starting"
        status.write(state, of: queue, now: now)
    }

    func writeMetrics() {
        guard let path = settings.metricsFile else { return }
        var metrics = Metrics(version: version, instance: settings.instance, started: started, now: .now)
        metrics.isPaused = !queue.scheduler.pauses.isEmpty
        metrics.counters = ledger.counters
        (metrics.census, metrics.counted) = (census.counts, census.counted)
        metrics.inFlight = queue.scheduler.mailsUnderWay
        metrics.linedUp = Job.Priority.allCases.map { ($0, queue.scheduler.waitingMails(of: $0)) }
        metrics.unwritten = queue.settler.backlog
        metrics.logLinesDropped = log.dropped
        for (template, count) in queue.scheduler.tasksByTemplate { metrics.tasks.count(template, by: count) }
        metrics.relays = queue.relays.map(\.measured)
        metricsFile.write(metrics.text, to: path)
    }
}
