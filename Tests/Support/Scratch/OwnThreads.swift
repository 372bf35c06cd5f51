internal import Foundation
package import Testing

/// Has each test of a suite run on a thread of its own, and only as many such suites at a time as the machine bears.
///
/// A test that waits for a program, or computes for seconds, holds its thread, and the pool of the tests has one for
/// each processor: the others would wait for it. With `.serialized` beside it, the time that is printed for a test is
/// that of the test; that of a suite is counted from the start of all.
package struct OwnThreads: SuiteTrait, TestTrait {
    package var isRecursive: Bool { true }

    package func scopeProvider(for test: Test, testCase: Test.Case?) -> Scope? {
        if testCase != nil { return .test }
        return test.isSuite ? .suite : nil
    }

    package enum Scope: TestScoping {
        case suite, test

        package func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
        ) async throws {
            switch self {
            case .suite: try await Gate.suites.pass(function)
            case .test: try await withTaskExecutorPreference(ThreadEach.shared) { try await function() }
            }
        }
    }
}

extension Trait where Self == OwnThreads {
    /// The suite waits for programs, or computes for long.
    package static var ownThreads: Self { OwnThreads() }
}

/// Runs each piece of work on a thread of its own, which ends with it.
private final class ThreadEach: TaskExecutor {
    static let shared = ThreadEach()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Lets only so many pass at a time.
private actor Gate {
    /// Most of the time suites wait, for a timer or for a disk: two for each of two processors keep those busy.
    static let suites = Gate(width: 4)

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(width: Int) { places = width }

    func pass(_ body: @Sendable () async throws -> Void) async rethrows {
        if places > 0 { places -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
        defer { if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() } }
        try await body()
    }
}
