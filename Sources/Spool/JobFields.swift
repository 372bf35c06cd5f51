package import JSON
package import Time

/// Typed access to the members of an object in a job; null counts as absent. Errors name the field.
package struct JobFields {
    private let object: JSON.Object
    private let prefix: String

    /// - Parameter prefix: the object's own place in the job, as a JSON pointer.
    package init(_ object: JSON.Object, below prefix: String = "") {
        self.object = object
        self.prefix = prefix
    }

    /// Throws for the first member that is not a field.
    package func allow(only isField: (String) -> Bool) throws(JobError) {
        for name in object.names where !isField(name) {
            throw JobError("\(prefix)/\(pointerToken(name))", "unknown field")
        }
    }

    package subscript(name: String) -> JSON? {
        let value = object[name]
        return value == .null ? nil : value
    }

    private func wrongType(_ name: String, _ value: JSON, _ wanted: String) -> JobError {
        JobError("\(prefix)/\(name)", "is \(value.typeName), not \(wanted)")
    }

    package func string(_ name: String) throws(JobError) -> String? {
        guard let value = self[name] else { return nil }
        guard let string = value.string else { throw wrongType(name, value, "a string") }
        return string
    }

    package func object(_ name: String) throws(JobError) -> JSON.Object? {
        guard let value = self[name] else { return nil }
        guard let object = value.object else { throw wrongType(name, value, "an object") }
        return object
    }

    package func array(_ name: String) throws(JobError) -> [JSON]? {
        guard let value = self[name] else { return nil }
        guard let array = value.array else { throw wrongType(name, value, "an array") }
        return array
    }

    /// An array of strings; the error names the element that is not a string.
    package func strings(_ name: String) throws(JobError) -> [String]? {
        guard let array = try array(name) else { return nil }
        var strings: [String] = []
        for (index, value) in array.enumerated() {
            guard let string = value.string else { throw wrongType("\(name)/\(index)", value, "a string") }
            strings.append(string)
        }
        return strings
    }

    /// An address field; an empty text counts as absent, since forms send one for a field that was left blank.
    package func address(_ name: String) -> JSON? {
        let value = self[name]
        return value?.string?.isEmpty == true ? nil : value
    }

    /// An RFC 3339 date-time. Null is an error: clients write it for an invalid date, and without a date the mail would
    /// be sent at once.
    package func moment(_ name: String) throws(JobError) -> Timestamp? {
        if object[name] == .null { throw wrongType(name, .null, "an RFC 3339 date-time; leave it out instead") }
        guard let text = try string(name) else { return nil }
        guard let moment = Timestamp(rfc3339: text) else {
            throw JobError("\(prefix)/\(name)", "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z")
        }
        return moment
    }
}
