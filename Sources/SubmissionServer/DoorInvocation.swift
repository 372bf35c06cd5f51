package import ServerSocket
internal import Text

/// What a command line of outspool-smtpd asks for.
package enum DoorInvocation: Equatable {
    /// `listen` and `box` stand in for a configuration's listener.
    case serve(configuration: String, listen: [String], box: String?, isCheck: Bool)
    case help
    case version

    package static let defaultConfiguration = "/etc/outspool/smtpd.conf"

    /// Understands the arguments, the program's name left out.
    package init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        var (configuration, box): (String?, String?) = (nil, nil)
        var listen: [String] = []
        var isCheck = false
        while let argument = rest.popFirst() {
            let halves = argument.halves(at: "=")
            let name = halves.map { String($0.0) } ?? argument
            func value() throws(UsageError) -> String {
                guard let value = halves.map({ String($0.1) }) ?? rest.popFirst(), !value.isEmpty else {
                    throw UsageError("\(name) needs a value")
                }
                return value
            }
            switch name {
            case "--help", "-h":
                self = .help
                return
            case "--version":
                self = .version
                return
            case "--check": isCheck = true
            case "--config": configuration = try value()
            case "--listen": listen.append(try value())
            case "--box": box = try value()
            default: throw UsageError("unknown argument '\(printable(name))'; see --help")
            }
        }
        if listen.isEmpty != (box == nil) { throw UsageError("--listen and --box belong together") }
        if configuration != nil, box != nil { throw UsageError("--config has no place beside --listen") }
        self = .serve(
            configuration: configuration ?? Self.defaultConfiguration, listen: listen, box: box, isCheck: isCheck)
    }
}
