internal import IDNA
internal import Message
internal import Spool
internal import Text
internal import Time

/// How the columns of a table of suppressed addresses are read: our own export, or that of a relay.
struct SuppressionTable: Equatable, Sendable {
    /// The columns of our own export.
    static let columns = ["address", "why", "at", "until", "stream", "job", "reason"]

    /// The places of the columns; nil for one that is not there.
    private let address: Int
    private let why: Int?
    private let at: Int?
    private let until: Int?
    private let stream: Int?
    private let job: Int?
    private let reason: Int?

    /// The names of columns, in lower case and without anything but letters and digits.
    private static let addressNames = ["address", "email", "emailaddress", "recipient", "recipientaddress", "contact"]
    private static let whyNames = ["why", "suppressionreason", "bounceclass", "type", "category"]
    private static let atNames = [
        "at", "created", "createdat", "lastupdatetime", "lastupdatedtime", "updated", "date", "time", "timestamp",
        "addedat", "dateadded",
    ]
    private static let reasonNames = [
        "reason", "error", "errormessage", "description", "details", "message", "comment",
    ]

    /// Reads the header; nil where no column has addresses.
    init?(header: [String]) {
        let names = header.map { name in
            String(decoding: name.lowercasedASCII.utf8.filter(\.isLetterOrDigit), as: UTF8.self)
        }
        func place(of wanted: [String]) -> Int? {
            for name in wanted { if let place = names.firstIndex(where: { $0.isExactly(name) }) { return place } }
            return nil
        }
        guard let address = place(of: Self.addressNames) else { return nil }
        self.address = address
        why = place(of: Self.whyNames)
        at = place(of: Self.atNames)
        until = place(of: ["until"])
        stream = place(of: ["stream"])
        job = place(of: ["job"])
        reason = place(of: Self.reasonNames)
    }

    /// A row that says no entry, and why.
    struct Fault: Error, Equatable {
        let reason: String
    }

    /// Reads one row. Where it does not say why in our words, the relay's are read: what speaks of spam or a complaint is
    /// a complaint, what speaks of a bounce or has a reply's code a bad address, and anything else the operator's.
    func entry(_ fields: [String], now: Timestamp) throws(Fault) -> SuppressionEntry {
        func field(_ place: Int?) -> String? {
            guard let place, place < fields.count else { return nil }
            let text = String(trimmed(fields[place]))
            return text.isEmpty ? nil : text
        }
        guard let text = field(address) else { throw Fault(reason: "no address") }
        let address: String
        do throws(AddressError) { address = try Address(parsing: text).text } catch {
            throw Fault(reason: "\(error)")
        }
        let said = field(why)
        let words = field(reason)
        var entry = SuppressionEntry(
            address, at: field(at).flatMap(Self.time) ?? now,
            why: said.flatMap { SuppressionEntry.Why(rawValue: $0) } ?? Self.why(said ?? words ?? ""))
        entry.until = field(until).flatMap(Self.time)
        entry.stream = field(stream).map { $0.isExactly(Self.nameless) ? "" : $0 }
        entry.job = field(job)
        entry.reason = (words ?? said).map { printable($0, limit: 300) }
        if entry.reason.map({ $0.isExactly(entry.why.rawValue) }) == true { entry.reason = nil }
        return entry
    }

    /// The word for the stream of mail without a tag and a template, since an empty field means all streams.
    private static let nameless = "(none)"

    /// The row of our own export.
    static func row(_ entry: SuppressionEntry) -> [String] {
        [
            entry.address, entry.why.rawValue, entry.at.rfc3339, entry.until?.rfc3339Seconds ?? "",
            entry.stream.map { $0.isEmpty ? nameless : $0 } ?? "", entry.job ?? "", entry.reason ?? "",
        ]
    }

    private static func why(_ words: String) -> SuppressionEntry.Why {
        let text = words.lowercasedASCII
        if ["complain", "spam", "abuse"].contains(where: { text.holds($0) }) { return .complaint }
        if ["bounce", "invalid", "5.1.", "unknown user", "user unknown", "does not exist", "no such"]
            .contains(where: { text.holds($0) }) || text.begins(with: "550")
        {
            return .badAddress
        }
        return .manual
    }

    /// A time of RFC 3339, with a space in the place of its `T` or without a zone, a date alone, or seconds since 1970.
    static func time(_ text: String) -> Timestamp? {
        if let time = Timestamp(rfc3339: text) { return time }
        if let seconds = Int64(text), seconds > 0, seconds < 1 << 43 {
            // Thirteen digits are milliseconds.
            return Timestamp(seconds: seconds > 99_999_999_999 ? seconds / 1000 : seconds)
        }
        var whole = text.ends(with: " UTC") ? String(text.dropLast(4)) : text
        if whole.utf8.count == 10 { whole += "T00:00:00" }
        var bytes = Array(whole.utf8)
        guard bytes.count >= 19 else { return nil }
        if bytes[10] == 0x20 { bytes[10] = UInt8(ascii: "T") }
        whole = String(decoding: bytes, as: UTF8.self)
        return Timestamp(rfc3339: whole) ?? Timestamp(rfc3339: whole + "Z")
    }
}
