internal import EventLoop
internal import Linux
internal import Spool
internal import Time

/// A process of the daemon that has a spool: the daemon itself, or a parent or worker of it.
protocol SpoolProcess: AnyObject {
    var loop: EventLoop { get }
    var log: Log { get }
    var spool: SpoolTree { get }
    /// Ends what it does, and the loop; the process ends with that status.
    func stop(status: Int32)
}

/// One that a program runs.
protocol ServingProcess: SpoolProcess {
    func start()
    /// SIGHUP came.
    func reloadConfiguration()
    /// The exit status once the loop has stopped.
    var exitStatus: Int32 { get }
}

extension Daemon: ServingProcess {}
extension Parent: ServingProcess {}
extension Worker: ServingProcess {}

extension SpoolProcess {
    /// Calls `action` again and again, as long as this object lives.
    func every(_ interval: Span, _ action: @escaping () -> Void) {
        loop.schedule(after: interval) { [weak self] in
            guard let self else { return }
            action()
            every(interval, action)
        }
    }

    /// Every descriptor of this process points to what was moved away: nothing more may be put there.
    func hasGone(_ path: String) {
        let place = path == "." ? spool.path : "\(spool.path)/\(path)"
        log.write("\(place): the directory was moved or removed; stopping", .error)
        stop(status: 75)
    }

    /// Finds what the kernel does not tell of directories that were moved, or what is not watched.
    func lookForDirectories() {
        do throws(SpoolError) { if let path = try spool.displaced() { hasGone(path) } } catch {
            log.write("\(error)", .warning)
        }
    }

    /// The directories of `cur/` in which a process of an earlier start works still.
    func livingClaims() -> [String] {
        do throws(SpoolError) { return try spool.livingClaims() } catch {
            log.write("\(error)", .warning)
            return []
        }
    }

    /// Makes the watcher of the spool; nil, and a line in the log, when the kernel has no more to give.
    func makeWatcher(_ deliver: @escaping (SpoolWatcher.Change) -> Void) -> SpoolWatcher? {
        do throws(Errno) { return try SpoolWatcher(spool: spool.path, loop: loop, deliver: deliver) } catch {
            log.write("inotify: \(error); directories are read every minute instead", .warning)
            return nil
        }
    }

    /// Watches places; `isNotWatched` gets each that the kernel refuses, and all of them without a watcher.
    func watch(
        _ places: [SpoolWatcher.Place], by watcher: SpoolWatcher?, isNotWatched: (SpoolWatcher.Place) -> Void
    ) {
        guard let watcher else { return places.forEach(isNotWatched) }
        for place in places {
            do throws(Errno) { try watcher.add(place) } catch {
                isNotWatched(place)
                log.write(
                    "\(place): not watched, read at intervals instead: \(error)"
                        + (error == .noSpace ? " (see fs.inotify.max_user_watches)" : ""), .warning)
            }
        }
    }
}
