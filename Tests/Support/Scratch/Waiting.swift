internal import Glibc

/// What did not come to hold.
package struct Timeout: Error, CustomStringConvertible {
    package let description: String
}

/// Waits for something: until a condition holds.
/// - Parameter details: what a failure says besides.
/// - Throws: ``Timeout`` when it has not come to hold within the limit; what the condition throws.
package func waitUntil(
    _ what: String, limit: Duration = .seconds(20), details: () -> String = { "" }, condition: () throws -> Bool
) throws {
    let start = ContinuousClock.now
    while try !condition() {
        if ContinuousClock.now - start > limit {
            throw Timeout(description: "waited \(limit) for \(what)\(details())")
        }
        usleep(5000)
    }
}

/// Lets time pass in which something must not happen: no condition tells of that.
package func pass(_ time: Duration) {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < time { usleep(5000) }
}
