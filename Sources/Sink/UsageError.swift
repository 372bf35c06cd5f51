/// The command line cannot be understood; one line says why.
package struct UsageError: Error, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
