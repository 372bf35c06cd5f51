import Spool
import Testing
import Time

@testable import Daemon

@Suite("Lanes")
struct LanesTests {
    func job(_ id: String, _ priority: Job.Priority = .normal, in state: State = .new, expiry: Int64 = 1000)
        -> WaitingJob
    {
        WaitingJob(JobID(id)!, in: state, priority: priority, template: nil, expiry: Timestamp(seconds: expiry))
    }

    func drain(_ lanes: inout Lanes, bulkAllowed: Bool = true) -> [String] {
        var ids: [String] = []
        while let job = lanes.next(bulkAllowed: bulkAllowed) { ids.append(job.id.text) }
        return ids
    }

    func add(_ lanes: inout Lanes, _ job: WaitingJob) -> Bool { lanes.append(job) }

    @Test("High before normal before bulk, each in its order")
    func order() {
        var lanes = Lanes()
        for (id, priority) in [("b1", Job.Priority.bulk), ("n1", .normal), ("h1", .high), ("b2", .bulk), ("h2", .high)]
        {
            #expect(add(&lanes, job(id, priority)))
        }
        #expect(drain(&lanes) == ["h1", "h2", "n1", "b1", "b2"])
        #expect(lanes.isEmpty)
    }

    @Test("New and retried jobs take turns")
    func turns() {
        var lanes = Lanes()
        for index in 1...3 { _ = lanes.append(job("r\(index)", in: .retry(.first))) }
        for index in 1...3 { _ = lanes.append(job("n\(index)")) }
        #expect(drain(&lanes) == ["n1", "r1", "n2", "r2", "n3", "r3"])
    }

    @Test("A job is lined up once, and a full lane says so")
    func bounds() {
        var lanes = Lanes(capacity: 2)
        #expect(add(&lanes, job("a")))
        #expect(add(&lanes, job("a")))
        #expect(lanes.count == 1)
        #expect(add(&lanes, job("b")))
        #expect(!add(&lanes, job("c")))
        #expect(add(&lanes, job("h", .high)))
        #expect(drain(&lanes) == ["h", "a", "b"])
        #expect(add(&lanes, job("c")))
    }

    @Test("Bulk is passed over when it may not start")
    func bulkHeldBack() {
        var lanes = Lanes()
        _ = lanes.append(job("b", .bulk))
        #expect(drain(&lanes, bulkAllowed: false) == [])
        #expect(drain(&lanes) == ["b"])
    }

    @Test("A job that was moved by hand is lined up where it is now, and what is left of it is passed over")
    func moved() {
        var lanes = Lanes()
        #expect(add(&lanes, job("a")))
        #expect(add(&lanes, job("b")))
        #expect(add(&lanes, job("a", in: .scheduled)))
        #expect(lanes.count == 2)
        #expect(lanes.state(of: JobID("a")!) == .scheduled)
        #expect(lanes.removeExpired(at: Timestamp(seconds: 2000)).map(\.state) == [.new, .scheduled])
        #expect(drain(&lanes) == [])
        _ = lanes.append(job("a"))
        _ = lanes.append(job("a", in: .scheduled))
        #expect(lanes.next()?.state == .scheduled)
        #expect(lanes.next() == nil)
        #expect(lanes.isEmpty)
    }

    @Test("The expired are taken out, the others keep their order")
    func expiry() {
        var lanes = Lanes()
        for (id, expiry) in [("a", 10), ("b", 20), ("c", 10), ("d", 30)] as [(String, Int64)] {
            _ = lanes.append(job(id, expiry: expiry))
        }
        let expired = Set(lanes.removeExpired(at: Timestamp(seconds: 10)).map(\.id.text))
        #expect(expired == ["a", "c"])
        #expect(drain(&lanes) == ["b", "d"])
    }

    @Test("A long queue comes out as it went in")
    func longQueue() {
        var queue = FIFO<Int>()
        var next = 0
        for value in 0..<10_000 {
            queue.append(value)
            if value % 3 == 2 {
                let value = queue.popFirst()
                #expect(value == next)
                next += 1
            }
        }
        while let value = queue.popFirst() {
            #expect(value == next)
            next += 1
        }
        #expect(next == 10_000)
    }
}

@Suite("Due list")
struct DueListTests {
    func time(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }
    func id(_ number: Int) -> JobID { JobID("j\(number)")! }

    func pop(_ list: inout DueList, _ now: Timestamp) -> JobID? { list.popDue(at: now) }
    func next(_ list: inout DueList) -> Timestamp? { list.next }

    @Test("Gives what is due, the soonest first")
    func order() {
        var list = DueList()
        for (number, due) in [(1, 30), (2, 10), (3, 20)] as [(Int, Int64)] { list.note(id(number), due: time(due)) }
        #expect(pop(&list, time(9)) == nil)
        #expect(next(&list) == time(10))
        #expect(pop(&list, time(25)) == id(2))
        #expect(pop(&list, time(25)) == id(3))
        #expect(pop(&list, time(25)) == nil)
        #expect(next(&list) == time(30))
    }

    @Test("A changed due time counts, a forgotten job does not come")
    func changes() {
        var list = DueList()
        list.note(id(1), due: time(100))
        list.note(id(1), due: time(5))
        list.note(id(2), due: time(6))
        list.forget(id(2))
        #expect(pop(&list, time(50)) == id(1))
        #expect(pop(&list, time(500)) == nil)
        #expect(next(&list) == nil)
    }

    @Test("Beyond its capacity it keeps the soonest and knows what it does not know")
    func horizon() throws {
        var list = DueList(capacity: 100)
        for number in (0..<1000).shuffled() { list.note(id(number), due: time(Int64(number))) }
        let horizon = try #require(list.horizon)
        #expect(list.count <= 100)
        var seen = 0
        while let next = list.popDue(at: time(10_000)) {
            #expect(next == id(seen))
            seen += 1
        }
        #expect(time(Int64(seen)) == horizon)
        list.beginReading()
        #expect(list.horizon == nil)
    }

    @Test("Jobs that are all due at once flow, however many")
    func sameDue() {
        var list = DueList(capacity: 10)
        for number in 0..<100 { list.note(id(number), due: time(7)) }
        #expect(pop(&list, time(7)) != nil)
        #expect(list.horizon == time(7))
    }

    @Test("Whatever is noted, changed and forgotten, the soonest comes next")
    func model() {
        var list = DueList(capacity: 50)
        var known: [Int: Int64] = [:]
        for step in 0..<20_000 {
            let number = Int.random(in: 0..<60)
            switch Int.random(in: 0..<4) {
            case 0:
                list.forget(id(number))
                known[number] = nil
            case 1:
                let soonest = known.values.min()
                #expect(list.next == soonest.map { time($0) }, "step \(step)")
                guard let soonest, let popped = list.popDue(at: time(soonest)) else { continue }
                let given = known.first { id($0.key) == popped }
                #expect(given?.value == soonest, "step \(step)")
                known[given?.key ?? -1] = nil
            case _ where known.count < 50 || known[number] != nil:
                known[number] = Int64.random(in: 0..<100)
                list.note(id(number), due: time(known[number]!))
            default: break
            }
            #expect(list.count == known.count)
        }
        #expect(list.horizon == nil)
    }
}
