/// One word of the command line, what it takes, and what it does.
struct Verb {
    let name: String
    /// One line, at most 60 characters.
    let summary: String
    /// Up to 80 columns.
    let help: () -> String
    let options: () -> [Arguments.Option]
    let run: (Invocation) throws(Failure) -> ExitStatus

    /// Help and options are made for the one verb that is asked for them: an application starts the command for each mail.
    init(
        name: String, summary: String, help: @autoclosure @escaping () -> String,
        options: @autoclosure @escaping () -> [Arguments.Option] = [],
        run: @escaping (Invocation) throws(Failure) -> ExitStatus
    ) {
        self.name = name
        self.summary = summary
        self.help = help
        self.options = options
        self.run = run
    }
}

extension Verb {
    /// A heading of the help, in its order.
    enum Purpose: String, CaseIterable {
        case submit = "Submit"
        case look = "Look"
        case steer = "Steer"
        case writeTemplates = "Write templates"
        case setUp = "Set up and examine"

        /// Made for one purpose at a time: a table of all verbs would be built before the first of them runs.
        var verbs: [Verb] {
            switch self {
            case .submit: [.submit, .wait, .pump]
            case .look: [.ls, .show, .status, .top]
            case .steer:
                [.retry, .postpone, .hold, .release, .cancel, .edit, .remove, .pause, .resume, .prune, .transfer]
            case .writeTemplates: [.preview, .check, .types]
            case .setUp: [.initialize, .dropBox, .doctor, .testSend, .explain]
            }
        }
    }

    /// The verb of that name, or nil.
    static func named(_ name: String) -> Verb? {
        for purpose in Purpose.allCases {
            if let verb = purpose.verbs.first(where: { $0.name == name }) { return verb }
        }
        return nil
    }
}

/// The context that a verb runs in.
struct Invocation {
    let arguments: Arguments
    let output: Output

    /// The spool or drop box that the options, the environment or the configuration name.
    func spoolPath() throws(Failure) -> String { try Location.spoolPath(arguments) }
}
