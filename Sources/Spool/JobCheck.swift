package import JSON

/// Throws what ``Job/init(_:)`` would: for a module that has a `Job` of its own and hides this one.
package func checkJob(_ object: JSON) throws(JobError) { _ = try Job(object) }
