internal import Mail
internal import Spool
internal import Time

/// How tasks are tied to the rest of a daemon.
extension Daemon {
    func connectTasks() {
        tasks.isOpen = { [unowned self] in dispatcher.isOpen }
        tasks.pauses = { [unowned self] in dispatcher.pauses }
        tasks.queue.onHeld = { [unowned self] state in dispatcher.onHeld(state) }
        tasks.queue.onRoom = { [unowned self] in dispatcher.onRoom() }
        tasks.queue.onOther = { [unowned self] ready in dispatcher.offer(ready) }
        tasks.onSettled = { [unowned self] id, state, due in
            switch state {
            case .retry, .scheduled: buckets.put(id, in: state, due: due ?? .now)
            case .new: dispatcher.onReturned(id)
            default: break
            }
        }
        ledger.isTask = { [unowned self] name in shelf.facts(of: name)?.kind == .task }
        dispatcher.onIdle = { [unowned self] in finishIfIdle() }
        tasks.onIdle = { [unowned self] in finishIfIdle() }
    }

    private func finishIfIdle() { if dispatcher.isStopping, dispatcher.inFlightCount == 0, tasks.isIdle { finish() } }
}
