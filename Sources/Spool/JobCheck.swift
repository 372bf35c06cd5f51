package import JSON

/// Whether ``Job/init(_:)`` takes it: for a module that has a `Job` of its own and hides this one.
package func isJob(_ object: JSON) -> Bool { (try? Job(object)) != nil }
