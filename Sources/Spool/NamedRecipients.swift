package import JSON
internal import Text

/// The recipients that a job's object names, as they are written there: for lists, filters and reports. Whether they
/// are addresses, and who gets the mail, only its making can tell.
extension Job {
    /// The recipients of `to`, `cc`, `bcc` and the envelope's `to`, each once, the first `limit` of them.
    ///
    /// The object need not be a job's: fields of other types name no recipients.
    package static func recipients(of object: JSON.Object, limit: Int) -> [String] {
        recipients([object["to"], object["cc"], object["bcc"], object["envelope"]?.object?["to"]], limit)
    }

    /// The recipients as ``recipients(of:limit:)`` reads them from the object.
    package func recipients(limit: Int) -> [String] {
        Job.recipients([to, cc, bcc, envelopeTo.map { .array($0.map { .string($0) }) }], limit)
    }

    private static func recipients(_ fields: [JSON?], _ limit: Int) -> [String] {
        var named: [String] = []
        var seen: Set<ExactText> = []
        for field in fields.compactMap(\.self) {
            for value in field.array ?? [field] {
                if named.count == limit { return named }
                if let address = address(value), !address.isEmpty, seen.insert(ExactText(address)).inserted {
                    named.append(address)
                }
            }
        }
        return named
    }

    /// One address as it is written: a string, or the `email` of an object; nil for anything else.
    package static func address(_ value: JSON) -> String? { value.string ?? value.object?["email"]?.string }
}
