import Glibc
import Outspool

// The client library at work, for the benchmark: producers that submit durably, each in a thread of its own.
//
//   bench-producer SPOOL COUNT THREADS single|batch
//
// Prints the seconds from the first submission to the last. A `batch` is one call for all that a thread submits.

struct Hello: TypedJob {
    let name: String
}

/// Ends the program with one line on standard error.
func fail(_ message: String) -> Never {
    perror(message)
    exit(EX_SOFTWARE)
}

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// What one thread does.
final class Producer {
    private let spool: Spool
    private let count: Int
    private let isBatch: Bool

    init(_ spool: Spool, _ count: Int, isBatch: Bool) {
        self.spool = spool
        self.count = count
        self.isBatch = isBatch
    }

    func run() {
        do throws(SubmitError) {
            if isBatch {
                let jobs = (0..<count).map { Job(Hello(name: "n\($0)"), to: "somebody@example.com") }
                for result in spool.submit(batch: jobs) { _ = try result.get() }
            } else {
                for index in 0..<count { try spool.submit(Hello(name: "n\(index)"), to: "somebody@example.com") }
            }
        } catch {
            fail("bench-producer: \(error)")
        }
    }

    /// Starts a thread that runs it.
    func start() -> pthread_t {
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Producer>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        if status != 0 { fail("bench-producer: pthread_create") }
        return thread
    }
}

let words = CommandLine.arguments
guard words.count == 5, let count = Int(words[2]), let threads = Int(words[3]), ["single", "batch"].contains(words[4])
else {
    fail("usage: bench-producer SPOOL COUNT THREADS single|batch")
}
do throws(SubmitError) {
    let spool = try Spool(path: words[1])
    let start = now()
    let running = (0..<threads).map { _ in
        Producer(spool, count / threads, isBatch: words[4] == "batch").start()
    }
    for thread in running { pthread_join(thread, nil) }
    print(now() - start)
} catch {
    fail("bench-producer: \(error)")
}
