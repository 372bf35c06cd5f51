internal import Time

/// Works at claimed jobs: a relay sends their mail, a program does what they ask for.
///
/// For each job one ``Report`` comes back, sooner or later, from ``begin(_:)`` itself or from the loop: a verdict, a
/// refusal, or that the mail waits for a connection.
protocol Courier: AnyObject {
    /// Begins to work at a job. The courier holds it until its report.
    func begin(_ job: ClaimedJob)

    /// Begins nothing any more, and ends what is under way within `grace`.
    func stop(within grace: Span)
}
