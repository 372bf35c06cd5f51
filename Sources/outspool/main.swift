internal import Linux

/// The name that the program is called by chooses between sendmail(1) and the verbs.
func start(_ words: [String]) -> ExitStatus {
    let rest = Array(words.dropFirst())
    return Sendmail(calledBy: words.first ?? "")?.run(rest) ?? Command.run(rest)
}

reserveStandardDescriptors()
Process.exit(start(givenWords()).rawValue)
