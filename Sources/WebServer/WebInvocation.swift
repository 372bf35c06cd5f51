package import ServerSocket
internal import Text

/// The wish of a command line of outspool-web.
package enum WebInvocation: Equatable {
    case serve(WebSettings)
    case develop(DevSettings)
    case help
    case version

    /// Understands the arguments, the program's name left out. The first may be `dev`.
    package init(_ arguments: [String]) throws(UsageError) {
        var rest = arguments[...]
        var isDevelopment = false
        // The command says which verb it is.
        if let word = rest.first, word.isExactly("dev") || word.isExactly("web") {
            rest.removeFirst()
            isDevelopment = word.isExactly("dev")
        }
        var settings = WebSettings()
        var dev = DevSettings()
        while let argument = rest.popFirst() {
            let halves = argument.begins(with: "--") ? argument.halves(at: "=") : nil
            let name = halves.map { String($0.0) } ?? argument
            func value() throws(UsageError) -> String {
                guard let value = halves.map({ String($0.1) }) ?? rest.popFirst(), !value.isEmpty else {
                    throw UsageError("\(name) needs a value")
                }
                return value
            }
            switch (name, isDevelopment) {
            case ("--help", _), ("-h", _):
                self = .help
                return
            case ("--version", _):
                self = .version
                return
            case ("--spool", _): settings.spool = try value()
            case ("--config", false): settings.configuration = try value()
            case ("--listen", false): settings.address = try WebAddress(try value())
            case ("--actions", false): settings.allowsActions = true
            case ("--user-header", false): settings.userField = try value()
            case ("--host", _): settings.hosts.append(try value())
            case ("--maildir", false): settings.maildir = try value()
            case ("--port", true):
                guard let port = UInt16(try value()) else { throw UsageError("--port is a number up to 65535") }
                dev.port = port
            case ("--fail", true): dev.faults.append(try value())
            default:
                guard isDevelopment, !argument.begins(with: "-"), dev.templates == nil else {
                    throw UsageError("unknown argument '\(printable(argument))'; see --help")
                }
                dev.templates = argument
            }
        }
        dev.spool = settings.spool
        dev.hosts = settings.hosts
        self = isDevelopment ? .develop(dev) : .serve(settings)
    }
}

/// Where pages are served: on the loopback, or on a UNIX socket.
package enum WebAddress: Equatable, Sendable, CustomStringConvertible {
    case network(ListenAddress)
    case unix(String)

    /// Understands `127.0.0.1:8025`, `[::1]:0` and `unix:/run/outspool-web/socket`.
    package init(_ text: String) throws(UsageError) {
        if text.begins(with: "unix:") {
            let path = String(Substring(text.utf8.dropFirst(5)))
            // What sun_path has room for.
            guard path.begins(with: "/"), path.utf8.count < 108 else {
                throw UsageError("--listen \(printable(text)): a socket's path from the root, of at most 107 bytes")
            }
            self = .unix(path)
            return
        }
        let address = try ListenAddress(text)
        guard address.isLoopback else {
            throw UsageError("--listen \(text): not a loopback address; a proxy serves others, see outspool-web(8)")
        }
        self = .network(address)
    }

    package var description: String {
        switch self {
        case .network(let address): "http://\(address)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// How pages are served.
package struct WebSettings: Equatable, Sendable {
    package var address = WebAddress.network(ListenAddress(host: "127.0.0.1", isV6: false, port: 8025))
    package var spool: String?
    package var configuration: String?
    package var maildir: String?
    package var allowsActions = false
    package var userField: String?
    package var hosts: [String] = []

    package init() {}
}

/// The parts of a developer's place.
package struct DevSettings: Equatable, Sendable {
    /// Nil: the one here, if it is a folder of templates, else the examples.
    package var templates: String?
    /// Nil: a temporary one.
    package var spool: String?
    /// Of the pages; 0: any.
    package var port: UInt16 = 8025
    /// As outspool-sink's `--fail`.
    package var faults: [String] = []
    package var hosts: [String] = []

    package init() {}
}
