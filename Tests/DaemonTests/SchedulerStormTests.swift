import Linux
import Spool
import Testing
import Time

@testable import Daemon

/// Random events, thousands of them: what must hold whatever comes in whatever order.
@Suite("Scheduler under a storm of events")
struct SchedulerStormTests {
    /// A world of jobs and relays that does what the scheduler says.
    struct World: ~Copyable {
        var random: SeededGenerator
        var scheduler = Scheduler(capacity: 8, arrivals: Arrivals(capacity: 16, listedLimit: 8))
        /// On disk, and not known to be lined up.
        var unseen: Set<String> = []
        var flying: Set<String> = []
        var carried: Set<String> = []
        var done = 0
        var pauses = Pauses()
        var isStuck = false
        var isUp = true
        var hasRoom = true
        /// A sender whose jobs the relay does not take.
        var refused: String?

        func kind(_ id: String) -> WaitingJob.Kind {
            switch id.first {
            case "t": .task
            case "d": .mailWithData
            default: .mail
            }
        }

        func job(_ id: String) -> WaitingJob {
            let priorities = Job.Priority.allCases
            let number = Int(id.dropFirst()) ?? 0
            return WaitingJob(
                JobID(id)!, in: .new, priority: priorities[number % 3], template: "t\(number % 4)",
                expiry: .distantFuture, kind: kind(id), places: number % 4 == 0 ? 1 : nil,
                sender: "s\(number % 3)", isTried: number % 5 == 0)
        }

        mutating func perform(_ actions: [Scheduler.Action]) { for action in actions { perform(action) } }

        mutating func perform(_ action: Scheduler.Action) {
            switch action {
            case .start(let job, let place):
                let id = job.id.text
                #expect(!isStuck && !pauses.all && !pauses.cover(template: job.template))
                let isFirst = flying.insert(id).inserted
                #expect(isFirst, "\(id) started twice")
                unseen.remove(id)
                if case .relay = place { #expect(isUp && hasRoom && job.kind == .mail && job.sender != refused) }
                if case .program = place { #expect(job.kind != .mail) }
            case .send(let id, _):
                let wasCarried = carried.remove(id.text) != nil
                #expect(wasCarried && hasRoom && job(id.text).sender != refused)
            case .giveBack(let id, _):
                let wasCarried = carried.remove(id.text) != nil
                #expect(wasCarried)
                end(id.text, isDone: false)
            case .missed: break
            case .look:
                while let arrival = scheduler.nextArrival() {
                    guard let id = arrival.name.text, unseen.contains(id), !flying.contains(id) else { continue }
                    unseen.remove(id)
                    let actions = scheduler.handle(.waiting(job(id)))
                    if actions.contains(.missed(.new)) { unseen.insert(id) }
                    perform(actions)
                }
            case .readAgain, .connect, .pace, .idle: break
            }
        }

        mutating func end(_ id: String, isDone: Bool) {
            flying.remove(id)
            if isDone { done += 1 } else { unseen.insert(id) }
            perform(scheduler.handle(.ended(JobID(id)!)))
        }

        mutating func readEverything() {
            for id in unseen.sorted() where !scheduler.isLinedUp(JobID(id)!, in: .new) {
                perform(scheduler.handle(.arrived(DirectoryName(id), .new, isListed: true)))
            }
            perform(.look)
        }

        mutating func turn() {
            for kind in WaitingJob.Kind.allCases {
                for _ in 0..<20 {
                    let refused = self.refused
                    var slot = Slot("main", hasRoom: isUp && hasRoom, isUp: isUp, limit: 4)
                    if let refused { slot.restriction = { $0 != refused } }
                    _ = scheduler.handle(.relays([slot]))
                    guard let action = scheduler.next(kind) else { break }
                    // A job of a paused template that was lined up is forgotten, and met by a reading.
                    if case .missed = action { strayed() } else { perform(action) }
                }
            }
            perform(scheduler.endTurn())
        }

        /// What is neither lined up nor under way nor done is on disk, where a reading meets it.
        mutating func strayed() {
            for id in all where !flying.contains(id) && !finished.contains(id) {
                if !scheduler.isLinedUp(JobID(id)!, in: .new) { unseen.insert(id) }
            }
        }

        var all: Set<String> = []
        var finished: Set<String> = []

        mutating func step(_ number: Int) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0...2:
                let id = ["m", "m", "t", "d"].randomElement(using: &random)! + "\(number)"
                all.insert(id)
                unseen.insert(id)
                perform(scheduler.handle(.arrived(DirectoryName(id), .new, isListed: Bool.random(using: &random))))
            case 3...5:
                guard let id = flying.subtracting(carried).sorted().randomElement(using: &random) else { return }
                if kind(id) != .task, Int.random(in: 0..<3, using: &random) == 0 {
                    carried.insert(id)
                    perform(scheduler.handle(.carried(job(id), isPrepared: kind(id) == .mailWithData)))
                } else {
                    finished.insert(id)
                    end(id, isDone: true)
                }
            case 6:
                let name = ["pause", "pause.template.t1", "pause.relay.main"].randomElement(using: &random)!
                _ = Bool.random(using: &random) ? pauses.insert(name) : pauses.remove(name)
                _ = scheduler.handle(.pauses(pauses))
            case 7:
                isStuck = Bool.random(using: &random)
                perform(scheduler.handle(.disk(takesWrites: !isStuck)))
            case 8:
                isUp = Bool.random(using: &random)
                hasRoom = Bool.random(using: &random)
                refused = [nil, "s0", "s1"].randomElement(using: &random)!
            default: readEverything()
            }
            turn()
        }
    }

    @Test("Nothing starts twice or where it may not, and in the end everything is done", arguments: 0..<40)
    func storm(seed: Int) {
        var world = World(random: SeededGenerator(seed: UInt64(seed)))
        world.perform(world.scheduler.handle(.opened))
        _ = world.scheduler.handle(.places(tasks: 3, data: 2))
        for number in 0..<400 { world.step(number) }
        // The weather clears.
        (world.isUp, world.hasRoom, world.refused, world.pauses) = (true, true, nil, Pauses())
        _ = world.scheduler.handle(.pauses(world.pauses))
        world.isStuck = false
        world.perform(world.scheduler.handle(.disk(takesWrites: true)))
        for _ in 0..<2000 where world.finished.count < world.all.count {
            world.strayed()
            world.readEverything()
            world.turn()
            for id in world.flying.subtracting(world.carried) {
                if world.kind(id) == .mailWithData, world.carried.insert(id).inserted {
                    world.perform(world.scheduler.handle(.carried(world.job(id), isPrepared: true)))
                    world.turn()
                }
                world.finished.insert(id)
                world.carried.remove(id)
                world.end(id, isDone: true)
            }
        }
        #expect(world.finished == world.all)
        #expect(world.scheduler.mailsUnderWay == 0 && world.scheduler.tasksUnderWay == 0)
        #expect(world.scheduler.waitingMails == 0 && world.scheduler.waitingTasks == 0)
    }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
