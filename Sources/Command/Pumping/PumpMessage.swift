internal import JSON
internal import Spool
internal import Text

/// One line of `take`: a job with its id, and the receipt by which the engine knows the message.
struct PumpMessage: Equatable {
    let id: JobID
    let job: JSON
    let receipt: String
    /// Whether the engine says that it has delivered the message before.
    let isAgain: Bool

    /// A line that is not a job and never will be.
    struct Fault: Error, Equatable {
        let reason: String
        /// Nil where the line does not tell: the message cannot be acknowledged.
        let receipt: String?
    }

    init(_ line: [UInt8]) throws(Fault) {
        let value: JSON
        do throws(JSONError) { value = try JSON(parsing: line) } catch {
            throw Fault(reason: "the line is not JSON: \(error)", receipt: Self.receipt(in: line))
        }
        let receipt = Self.receipt(of: value)
        guard let message = value.object else {
            throw Fault(reason: "the line is \(value.typeName), not an object", receipt: nil)
        }
        guard let receipt else {
            throw Fault(reason: "/receipt: is not a text of one line, nor a number", receipt: nil)
        }
        let known = ["id", "job", "receipt", "again"]
        if let other = message.names.first(where: { !known.holds(exactly: $0) }) {
            throw Fault(reason: "/\(pointerToken(other)): unknown in a message", receipt: receipt)
        }
        guard let id = message["id"].flatMap(Self.word), !id.isEmpty else {
            throw Fault(reason: "/id: is not a text, nor a number", receipt: receipt)
        }
        guard var job = message["job"] else { throw Fault(reason: "/job: is missing", receipt: receipt) }
        if case .string(let text) = job {
            do throws(JSONError) { job = try JSON(parsing: text) } catch {
                throw Fault(reason: "/job: is not JSON: \(error)", receipt: receipt)
            }
        }
        self.id = JobID.carried(from: id)
        self.job = job
        self.receipt = receipt
        isAgain = message["again"].map { $0.bool ?? (($0.int ?? 0) > 1) } ?? false
    }

    /// The receipt of a message that is not JSON as it stands: one that is not UTF-8 may be read all the same.
    private static func receipt(in line: [UInt8]) -> String? {
        // What is wrong with the line is known already.
        (try? JSON(parsing: String(decoding: line, as: UTF8.self))).flatMap { receipt(of: $0) }
    }

    private static func receipt(of message: JSON) -> String? {
        guard let word = message.object?["receipt"].flatMap(word), !word.isEmpty else { return nil }
        return word.utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 } ? nil : word
    }

    private static func word(_ value: JSON) -> String? {
        if case .number(let number) = value { return number.text }
        return value.string
    }
}

extension JobID {
    /// The most bytes that an id from outside keeps: behind it there is room for a drop box's name.
    static let carriedLength = 160

    /// The id of the job under which a message of that id is queued.
    ///
    /// An id that a job can have stays as it is. Any other becomes `sha256=` and the digest of its UTF-8 in hexadecimal
    /// digits, so that the same message always has the same id.
    static func carried(from text: String) -> JobID {
        if text.utf8.count <= carriedLength, let id = JobID(text) { return id }
        var hex = "sha256="
        for byte in SHA256.digest(Array(text.utf8)) {
            for digit in [byte >> 4, byte & 15] {
                hex.unicodeScalars.append(Unicode.Scalar(UInt8.hexDigit(digit).lowercased))
            }
        }
        guard let id = JobID(hex) else { preconditionFailure("letters, digits and '=' are an id") }
        return id
    }
}
