package import ServerSocket
internal import Text

/// The meaning of a command line of outspool-smtpd.
package enum DoorInvocation: Equatable {
    case serve(configuration: String, listener: Listener?, isCheck: Bool)
    case help
    case version

    /// The listener of a command line without a configuration.
    package struct Listener: Equatable {
        package var addresses: [String]
        package var box: String
        /// The templates that header fields may name; nil: none may be asked for.
        package var templates: String?
    }

    package static let defaultConfiguration = "/etc/outspool/smtpd.conf"

    /// Understands the arguments, the program's name left out.
    package init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        var (configuration, box, templates): (String?, String?, String?) = (nil, nil, nil)
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
            case "--templates": templates = try value()
            default: throw UsageError("unknown argument '\(printable(name))'; see --help")
            }
        }
        if listen.isEmpty != (box == nil) { throw UsageError("--listen and --box belong together") }
        if configuration != nil, box != nil { throw UsageError("--config cannot be combined with --listen") }
        if templates != nil, box == nil { throw UsageError("--templates needs --listen and --box") }
        self = .serve(
            configuration: configuration ?? Self.defaultConfiguration,
            listener: box.map { Listener(addresses: listen, box: $0, templates: templates) }, isCheck: isCheck)
    }
}
