package import Linux

/// The server cannot start; one line says why, and the status is one of sysexits(3).
package struct StartError: Error, CustomStringConvertible {
    package let description: String
    package let status: Int32

    package init(_ description: String, status: Int32) {
        self.description = description
        self.status = status
    }

    package static func unavailable(_ text: String) -> StartError { StartError(text, status: 69) }
    package static func noInput(_ text: String) -> StartError { StartError(text, status: 66) }
    package static func cannotCreate(_ what: String, _ error: Errno) -> StartError {
        StartError("cannot create \(what): \(error)", status: 73)
    }
    package static func inputOutput(_ what: String, _ error: Errno) -> StartError {
        StartError("\(what): \(error)", status: 74)
    }
}

/// The command line cannot be understood; one line says why.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
