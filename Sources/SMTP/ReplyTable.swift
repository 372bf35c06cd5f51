internal import Text

/// How replies are read beyond their first digit: lines of code, status, scope, verdict and words, as `etc/replies.conf`
/// explains them. The first line that fits decides.
package struct ReplyTable: Equatable, Sendable {
    /// How a reply is read.
    package struct Reading: Equatable, Sendable {
        /// Whose affair it is; nil where only what other jobs meet can tell.
        package var scope: Scope?
        package var verdict = Verdict.asSaid
        /// The line that decided, such as `replies.conf:31`; nil where none did.
        package var line: String?

        package init(scope: Scope? = nil, verdict: Verdict = .asSaid, line: String? = nil) {
            self.scope = scope
            self.verdict = verdict
            self.line = line
        }
    }

    package enum Verdict: String, Sendable {
        case refuse
        case putOff = "defer"
        case asSaid = "-"
    }

    fileprivate struct Rule: Equatable, Sendable {
        let code: [UInt8]
        /// Class, subject, detail; nil for any.
        let status: [Int?]?
        /// Pieces of text that stand in this order, in lower case.
        let words: [String]
        let reading: Reading
    }

    private var rules: [Rule] = []

    /// The table that is built in.
    package static let standard: ReplyTable = {
        do throws(ReplyTableError) { return try ReplyTable(PackageResources.replies_conf, name: "built in") } catch {
            preconditionFailure("the built-in table of replies: \(error)")
        }
    }()

    /// Parses a file's bytes. `name` is how its lines are named.
    package init(_ bytes: [UInt8], name: String) throws(ReplyTableError) {
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let text = line.drop { $0 == 0x20 || $0 == 0x09 }
            guard let first = text.first, first != UInt8(ascii: "#"), first != 0x0D else { continue }
            rules.append(try Rule(text, at: "\(name):\(index + 1)"))
        }
    }

    /// The table with the lines of another behind its own.
    package func followed(by other: ReplyTable) -> ReplyTable {
        var table = self
        table.rules += other.rules
        return table
    }

    /// Reads a reply other than success.
    package func reading(of reply: Reply) -> Reading {
        let code = Array(String(reply.code).utf8)
        let status = reply.enhanced
        let text = reply.text.lowercasedASCII
        return rules.first { $0.fits(code, status, text) }?.reading ?? Reading()
    }
}

extension ReplyTable.Rule {
    fileprivate init(_ line: ArraySlice<UInt8>, at place: String) throws(ReplyTableError) {
        var rest = line
        func word() -> String {
            let word = rest.prefix { $0 != 0x20 && $0 != 0x09 }
            rest = rest.dropFirst(word.count).drop { $0 == 0x20 || $0 == 0x09 }
            return String(decoding: word.filter { $0 != 0x0D }, as: UTF8.self)
        }
        code = Array(word().utf8)
        guard code.count == 3, code.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "x") }) else {
            throw ReplyTableError("\(place): the code is three digits or x, such as 5xx")
        }
        let statusText = word()
        if statusText.isExactly("-") {
            status = nil
        } else {
            let parts = statusText.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            status = parts.map { Int(Substring($0)) }
            let isWhole = zip(parts, status ?? []).allSatisfy { $1 != nil || Substring($0).isExactly("x") }
            guard parts.count == 3, isWhole else {
                throw ReplyTableError("\(place): the status is like 5.1.1, 5.7.x or -")
            }
        }
        let scopeText = word()
        let scope = Scope(rawValue: scopeText)
        guard scope != nil || scopeText.isExactly("?") else {
            throw ReplyTableError("\(place): '\(printableLine(scopeText.utf8, limit: 40))' is not a scope")
        }
        guard let verdict = ReplyTable.Verdict(rawValue: word()) else {
            throw ReplyTableError("\(place): the verdict is refuse, defer or -")
        }
        let text = String(decoding: rest.filter { $0 != 0x0D }, as: UTF8.self).lowercasedASCII
        words = text.utf8.split(separator: UInt8(ascii: "*")).map { piece in
            let start = piece.drop { $0.isBlank }
            return String(decoding: start.reversed().drop { $0.isBlank }.reversed(), as: UTF8.self)
        }.filter { !$0.isEmpty }
        reading = ReplyTable.Reading(scope: scope, verdict: verdict, line: place)
    }

    fileprivate func fits(_ code: [UInt8], _ status: EnhancedStatus?, _ text: String) -> Bool {
        guard zip(self.code, code).allSatisfy({ $0 == UInt8(ascii: "x") || $0 == $1 }) else { return false }
        if let wanted = self.status {
            guard let status else { return false }
            let parts = [status.class, status.subject, status.detail]
            guard zip(wanted, parts).allSatisfy({ $0 == nil || $0 == $1 }) else { return false }
        }
        var rest = Array(text.utf8)[...]
        for word in words {
            guard let end = rest.end(ofFirst: word) else { return false }
            rest = rest[end...]
        }
        return true
    }
}

extension ArraySlice<UInt8> {
    /// Where the first occurrence of the text ends.
    fileprivate func end(ofFirst text: String) -> Int? {
        let wanted = Array(text.utf8)
        guard wanted.count <= count else { return nil }
        for start in startIndex...(endIndex - wanted.count) where self[start...].starts(with: wanted) {
            return start + wanted.count
        }
        return nil
    }
}

/// Why a table of replies cannot be read.
package struct ReplyTableError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
