import Spool
import Testing
import Time

@testable import Daemon

@Suite("What a parent knows of a worker")
struct WorkerLifeTests {
    private let wall = Timestamp(seconds: 1_795_455_851)
    private func at(_ seconds: Double) -> Int64 { Int64(seconds * 1e9) }

    /// Begins and ends at these seconds, again and again; the waits before the next start.
    private func waits(_ lives: [(from: Double, to: Double)]) -> [Span] {
        var life = WorkerLife(number: 1)
        return lives.map { begin, end in
            life.began(100, at: at(begin), wall: wall)
            return life.ended(isLocked: false, at: at(end))
        }
    }

    @Test("One that has lived is started again at once; one that dies soon waits, longer each time")
    func backoff() {
        #expect(waits([(0, 60)]) == [.zero])
        #expect(waits([(0, 60), (60, 120), (120, 500)]) == [.zero, .zero, .zero])
        #expect(
            waits([(0, 1), (1, 2), (3, 4), (6, 7), (11, 12), (20, 21), (37, 38), (68, 69), (99, 100)])
                == [
                    .zero, .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(16), .seconds(30), .seconds(30),
                    .seconds(30),
                ])
        // A long life makes good for it.
        #expect(waits([(0, 1), (1, 2), (3, 13), (13, 14)]) == [.zero, .seconds(1), .zero, .seconds(1)])
    }

    @Test("One that waits for a lock is tried every second, and that is no restart")
    func locked() {
        var life = WorkerLife(number: 2)
        for round in 0..<5 {
            life.began(100 + Int32(round), at: at(Double(round)), wall: wall)
            #expect(life.ended(isLocked: true, at: at(Double(round) + 0.5)) == .seconds(1))
            #expect(life.state == .waiting)
        }
        life.began(200, at: at(10), wall: wall)
        #expect(life.state == .waiting)
        #expect(life.heard(.starting, at: at(11), wall: wall) == nil)
        #expect(life.state == .starting && life.restarts == 0)
        #expect(life.ended(isLocked: false, at: at(90)) == .zero)
        life.began(201, at: at(90), wall: wall)
        #expect(life.state == .starting && life.restarts == 1)
    }

    @Test("One that cannot be started is tried again, a second later at least")
    func refused() {
        var life = WorkerLife(number: 1)
        #expect([0, 1, 3].map { life.refused(at: at($0)) } == [.seconds(1), .seconds(1), .seconds(2)])
    }

    @Test("Silence is told of once, and again when it is over")
    func silence() {
        var life = WorkerLife(number: 1)
        #expect(life.look(at: at(100)) == nil)
        life.began(100, at: at(100), wall: wall)
        #expect(life.look(at: at(104.9)) == nil)
        #expect(life.look(at: at(105)) == .seconds(5))
        #expect(life.look(at: at(106)) == nil)
        #expect(life.heard(.running, at: at(112), wall: wall) == .seconds(12))
        #expect(life.heard(.running, at: at(113), wall: wall) == nil)
        #expect(life.look(at: at(117)) == nil)
        #expect(life.look(at: at(118)) == .seconds(5))
        // Its death ends it.
        _ = life.ended(isLocked: false, at: at(119))
        #expect(life.look(at: at(200)) == nil)
        life.began(101, at: at(200), wall: wall)
        #expect(life.look(at: at(201)) == nil)
    }

    @Test("status.json has its number, its process, what it does and when it told of it last")
    func status() {
        var life = WorkerLife(number: 3)
        #expect(life.status == DaemonStatus.Worker(number: 3, process: nil, state: "dead", sign: nil))
        life.began(412, at: 0, wall: wall)
        _ = life.heard(.running, at: at(1), wall: wall + .seconds(1))
        let status = life.status
        #expect(
            status == DaemonStatus.Worker(number: 3, process: 412, state: "running", sign: wall + .seconds(1)))
        #expect(status.silence(at: wall + .seconds(3)) == nil)
        #expect(status.silence(at: wall + .seconds(13)) == .seconds(12))
    }
}
