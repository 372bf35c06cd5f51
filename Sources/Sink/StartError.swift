internal import Linux

/// The server cannot start; one line says why, and the status is one of sysexits(3).
package struct StartError: Error, CustomStringConvertible {
    package let description: String
    package let status: Int32

    static func unavailable(_ text: String) -> StartError { StartError(description: text, status: 69) }
    static func noInput(_ text: String) -> StartError { StartError(description: text, status: 66) }
    static func cannotCreate(_ what: String, _ error: Errno) -> StartError {
        StartError(description: "cannot create \(what): \(error)", status: 73)
    }
    static func inputOutput(_ what: String, _ error: Errno) -> StartError {
        StartError(description: "\(what): \(error)", status: 74)
    }
}
