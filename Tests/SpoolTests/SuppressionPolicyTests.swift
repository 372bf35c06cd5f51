import Spool
import Testing
import Time

@Suite("What is learned about an address")
struct SuppressionPolicyTests {
    private let now = Timestamp(rfc3339: "2026-12-01T12:00:00Z")!
    private let zoe = "zoe@example.com"
    private let policy = SuppressionPolicy()

    private func lesson(
        _ kind: SuppressionPolicy.Lesson.Kind, job: String = "j", stream: String = "news", days: Int64 = 0
    ) -> SuppressionPolicy.Lesson {
        .init(kind, job: job, stream: stream, at: now - .days(days), reason: "550 5.1.1 No")
    }

    /// What a file says after lessons, taken one after the other.
    private func learn(
        _ lessons: [SuppressionPolicy.Lesson], by policy: SuppressionPolicy? = nil,
        from entries: [SuppressionEntry] = []
    ) -> [SuppressionEntry] {
        var entries = entries
        for lesson in lessons {
            let record = entries.isEmpty ? nil : SuppressionRecord(entries)
            switch (policy ?? self.policy).change(by: lesson, of: record, address: zoe, now: now) {
            case .nothing: break
            case .append(let more): entries += more
            case .keep(let kept): entries = kept
            }
        }
        return entries
    }

    @Test("A bad address and a complaint suppress at once, and the second time changes nothing")
    func atOnce() {
        let bad = learn([lesson(.badAddress), lesson(.badAddress), lesson(.badAddress, job: "k")])
        #expect(bad.map(\.why) == [.badAddress] && bad[0].job == "j" && bad[0].stream == nil && bad[0].until == nil)
        #expect(bad[0].reason == "550 5.1.1 No")
        let complaint = learn([lesson(.complaint), lesson(.complaint), lesson(.complaint, job: "k")])
        #expect(complaint.map(\.why) == [.complaint] && complaint[0].stream == "news")
        #expect(learn([lesson(.badAddress), lesson(.complaint)]).map(\.why) == [.badAddress, .complaint])
    }

    @Test("A complaint is about its stream, or about all where the configuration says so")
    func scope() {
        let two = learn([lesson(.complaint), lesson(.complaint, stream: "shop")])
        #expect(two.map(\.stream) == ["news", "shop"])
        let all = learn(
            [lesson(.complaint), lesson(.complaint, stream: "shop")], by: SuppressionPolicy(complaintScope: .all))
        #expect(all.map(\.stream) == [nil])
    }

    @Test("Who complains of ever new streams is suppressed for all, in a file that does not grow")
    func streams() {
        let entries = learn((0..<1000).map { lesson(.complaint, stream: "order-\($0)") })
        #expect(entries.count == SuppressionPolicy.streamLimit + 1)
        #expect(entries.last?.stream == nil)
    }

    @Test("The third mail in a row that comes back suppresses for thirty days; one job counts once")
    func soft() {
        let two = learn([lesson(.soft, job: "a"), lesson(.soft, job: "b"), lesson(.soft, job: "b")])
        #expect(two.map(\.why) == [.soft, .soft])
        #expect(SuppressionRecord(two).objection(to: .init(stream: "x"), now: now) == nil)
        let three = learn([lesson(.soft, job: "c"), lesson(.soft, job: "d")], from: two)
        #expect(three.map(\.why) == [.soft, .soft, .soft, .bounces])
        #expect(three.last?.until == now + .days(30))
        // When that is over, it begins anew.
        let later = now + .days(31)
        let change = policy.change(
            by: .init(.soft, job: "e", stream: "", at: later), of: SuppressionRecord(three), address: zoe, now: later)
        guard case .append(let entries) = change else {
            Issue.record("\(change)")
            return
        }
        #expect(entries.map(\.why) == [.soft])
    }

    @Test("What arrives ends the row, and what was known before it; what came later stays")
    func delivered() {
        let two = [lesson(.soft, job: "a", days: 3), lesson(.soft, job: "b", days: 2)]
        #expect(learn(two + [lesson(.delivered, days: 1)]).isEmpty)
        #expect(learn(two + [lesson(.delivered, days: 1), lesson(.soft, job: "c")]).map(\.why) == [.soft])
        #expect(learn([lesson(.soft, job: "a")] + [lesson(.delivered, days: 1)]).count == 1)
        let three = two + [lesson(.soft, job: "c", days: 1)]
        #expect(learn(three + [lesson(.delivered)]).isEmpty)
        // It takes back no complaint and no bad address.
        #expect(learn([lesson(.badAddress, days: 1), lesson(.delivered)]).map(\.why) == [.badAddress])
        #expect(learn([lesson(.delivered)]).isEmpty)
    }

    @Test("Old bounces, and all where the configuration wants none, do not count")
    func old() {
        #expect(learn([lesson(.soft, days: 31)]).isEmpty)
        #expect(learn((0..<9).map { lesson(.soft, job: "\($0)") }, by: SuppressionPolicy(bounceLimit: 0)).isEmpty)
        let one = learn([lesson(.soft)], by: SuppressionPolicy(bounceLimit: 1, bounceSpan: .days(7)))
        #expect(one.last?.why == .bounces && one.last?.until == now + .days(7))
    }

    @Test("A report from the future is one of now")
    func future() {
        let entries = learn([lesson(.badAddress, days: -1000)])
        #expect(entries.first?.at == now)
    }

    @Test("What has had its time is of no use any more")
    func kept() {
        func entry(_ why: SuppressionEntry.Why, _ days: Int64, until: Int64? = nil) -> SuppressionEntry {
            SuppressionEntry(zoe, at: now - .days(days), why: why, until: until.map { now + .days($0) })
        }
        let fresh = [entry(.soft, 29), entry(.bounces, 29, until: 1), entry(.badAddress, 999)]
        #expect(policy.kept(of: SuppressionRecord(fresh), now: now) == nil)
        let stale = [entry(.soft, 31), entry(.bounces, 31, until: -1), entry(.manual, 2, until: -1)]
        #expect(policy.kept(of: SuppressionRecord(stale), now: now) == [])
        #expect(policy.kept(of: SuppressionRecord(stale + fresh), now: now) == fresh)
    }
}
