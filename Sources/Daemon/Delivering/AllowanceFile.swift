internal import JSON
internal import Relay
internal import Spool
internal import Time

/// The text of `relays.json`, which spool(5) describes.
enum AllowanceFile {
    static let name = "relays.json"
    /// A longer file is not ours.
    static let sizeLimit = 1 << 20

    /// Why a text is not such a file.
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// Writes the allowances, by name; one with nothing to remember is left out.
    static func text(_ relays: [String: Allowance], at now: Timestamp, clock: Int64) -> [UInt8] {
        let entries = relays.sorted { $0.key < $1.key }.compactMap { name, allowance -> JSON? in
            let next = allowance.nextStart(at: now, clock: clock)
            let quotas = allowance.quotas.filter { !$0.slices.isEmpty }
            if next == nil, quotas.isEmpty { return nil }
            var entry = JSON.Object([("name", .string(name))])
            entry["nextStart"] = next.map { .string($0.rfc3339Seconds) }
            entry["quotas"] = quotas.isEmpty ? nil : .array(quotas.map(json))
            return .object(entry)
        }
        return JSON.object(JSON.Object([("relays", .array(entries))])).encoded + [0x0A]
    }

    private static func json(_ quota: Quota) -> JSON {
        let taken = quota.slices.map { slice in
            JSON.object(
                JSON.Object([("start", .string(slice.start.rfc3339)), ("recipients", .number(.init(slice.count)))]))
        }
        return .object(JSON.Object([("quota", .string(quota.text)), ("taken", .array(taken))]))
    }

    /// Reads such a text. Members that are unknown are ignored; a value that is of another kind makes the whole
    /// unreadable.
    static func read(_ bytes: [UInt8]) throws(Malformed) -> [String: Allowance] {
        let value: JSON
        do throws(JSONError) { value = try JSON(parsing: bytes) } catch { throw Malformed(description: "\(error)") }
        guard let entries = value.object?["relays"]?.array else { throw Malformed(description: "no list of relays") }
        var relays: [String: Allowance] = [:]
        for entry in entries {
            guard let object = entry.object, let name = object["name"]?.string, JobID(name) != nil else {
                throw Malformed(description: "a relay without its name")
            }
            guard let quotas = quotas(object["quotas"] ?? []) else {
                throw Malformed(description: "relay \(name): quotas that cannot be read")
            }
            let next = object["nextStart"]?.string.flatMap { Timestamp(rfc3339: $0) }
            if next == nil, object["nextStart"] != nil {
                throw Malformed(description: "relay \(name): nextStart is not a time")
            }
            relays[name] = Allowance(quotas: quotas, nextStart: next)
        }
        return relays
    }

    private static func quotas(_ value: JSON) -> [Quota]? {
        guard let members = value.array else { return nil }
        let quotas = members.compactMap(quota)
        return quotas.count == members.count ? quotas : nil
    }

    private static func quota(_ value: JSON) -> Quota? {
        guard let object = value.object, var quota = object["quota"]?.string.flatMap({ Quota($0) }),
            let taken = object["taken"]?.array
        else { return nil }
        var slices: [Quota.Slice] = []
        for member in taken {
            guard let slice = member.object, let start = slice["start"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
                let count = slice["recipients"]?.int, count >= 0
            else { return nil }
            slices.append(Quota.Slice(start: start, count: count))
        }
        quota.adopt(slices)
        return quota
    }
}
