package import JSON

/// Why ``Job/init(_:)`` refuses an object; nil if it takes it. For a module that has a `Job` of its own and hides this one.
package func jobFault(_ object: JSON) -> (field: String, reason: String)? {
    do throws(JobError) { _ = try Job(object) } catch { return (error.pointer, error.reason) }
    return nil
}
