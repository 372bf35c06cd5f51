internal import Text

/// A command line of outspoold(8), read without a look at anything but its words.
enum Invocation: Equatable {
    /// Deliver the jobs of the spool until a signal ends it; on `standby`, from when no other daemon does.
    case serve(configuration: String, standby: Bool = false)
    /// Judge the configuration and what it names.
    case check(configuration: String)
    /// Look at one relay, and send one mail through it if there is an address.
    case probe(relay: String, mailTo: String?, configuration: String)
    /// Deliver a share of the jobs for the parent that started this process; not for people.
    case work(worker: Int)
    case help
    case version

    /// Says the same as `--worker`, which is for ps(1): a library that is preloaded may lose the words.
    static let workerVariable = "OUTSPOOL_WORKER"

    static let defaultConfiguration = "/etc/outspool/outspool.conf"

    /// Reads the words behind the program's name. `--help`, `--version` and `--worker` end the reading, `--probe` wins over
    /// `--check`; the file is `configuration`, the environment's, unless there is a `--config`. `worker` is the
    /// environment's, too.
    init(_ words: [String], configuration: String? = nil, worker: String? = nil) throws(ProgramFailure) {
        let words = words.isEmpty && worker != nil ? ["--worker", worker ?? ""] : words
        var configuration = configuration ?? Invocation.defaultConfiguration
        var onlyCheck = false
        var isStandby = false
        var relay: String?
        var mailTo: String?
        var rest = words[...]
        func value(of option: String, _ kind: String) throws(ProgramFailure) -> String {
            guard let value = rest.popFirst() else { throw .usage("\(option) needs \(kind)") }
            return value
        }
        while let word = rest.popFirst() {
            switch word {
            case "--config": configuration = try value(of: word, "a file")
            case _ where word.begins(with: "--config="):
                configuration = String(decoding: word.utf8.dropFirst("--config=".utf8.count), as: UTF8.self)
            case "--check": onlyCheck = true
            case "--standby": isStandby = true
            case "--probe": relay = try value(of: word, "the name of a relay")
            case "--mail-to": mailTo = try value(of: word, "an address")
            case "--worker":
                let text = try value(of: word, "a number")
                guard let number = Int(text) else { throw .usage("--worker needs a number, not '\(text)'") }
                self = .work(worker: number)
                return
            case "--help", "-h":
                self = .help
                return
            case "--version":
                self = .version
                return
            default: throw .usage("unknown argument '\(word)'; see outspoold --help")
            }
        }
        if isStandby, onlyCheck || relay != nil {
            throw .usage("--standby cannot be combined with \(onlyCheck ? "--check" : "--probe")")
        }
        if let relay {
            self = .probe(relay: relay, mailTo: mailTo, configuration: configuration)
        } else if mailTo != nil {
            throw .usage("--mail-to needs --probe")
        } else {
            self =
                onlyCheck
                ? .check(configuration: configuration) : .serve(configuration: configuration, standby: isStandby)
        }
    }

    static let helpText = """
        usage: outspoold [--config FILE] [--check | --standby]
               outspoold --probe RELAY [--mail-to ADDR] [--config FILE]
               outspoold --help | --version

        Delivers the jobs of a spool; runs in the foreground until SIGTERM.

          --config FILE   the configuration (default: $OUTSPOOL_CONFIG, else
                          /etc/outspool/outspool.conf)
          --check         reads the configuration, says whether it is valid and whether
                          it, the spool or a password lies open to others, and exits
          --standby       waits until no other daemon has the spool, or until the spool's
                          disk is there, and then delivers
          --probe RELAY   connects to one relay of the configuration, up to and including
                          the login, prints what it found as a line of JSON, and exits 0 if
                          that worked, else 69
          --mail-to ADDR  sends one mail there, too

        SIGHUP reads the configuration and the templates again. See outspoold(8).

        """
}
