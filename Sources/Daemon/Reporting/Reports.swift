internal import Spool
internal import Time

/// What a daemon writes of itself, for people and for monitoring.
extension Daemon {
    func writeStatus(_ now: Timestamp) {
        let state =
            isFinished ? "stopped" : dispatcher.isStopping ? "stopping" : dispatcher.isOpen ? "running" : "starting"
        status.write(state, of: dispatcher, tasks, unwritten: settler.backlog, now: now)
    }

    func writeMetrics() {
        guard let path = settings.metricsFile else { return }
        var metrics = Metrics(version: version, instance: settings.instance, started: started, now: .now)
        metrics.isPaused = !dispatcher.pauses.isEmpty
        metrics.counters = ledger.counters
        (metrics.census, metrics.counted) = (census.counts, census.counted)
        metrics.inFlight = dispatcher.inFlightCount
        metrics.linedUp = Job.Priority.allCases.map { ($0, dispatcher.waitingCount(of: $0)) }
        metrics.unwritten = settler.backlog
        metrics.logLinesDropped = log.dropped
        metrics.tasks = tasks.counts
        metrics.relays = dispatcher.pools.map(\.measured)
        metricsFile.write(metrics.text, to: path)
    }
}
