package import Foundation

/// How a program ended and what it wrote.
package struct Ran: Equatable {
    /// The exit status; 128 and the signal's number where a signal ended it.
    package let status: Int32
    package let out: String
    package let err: String

    package init(status: Int32, out: String, err: String) { (self.status, self.out, self.err) = (status, out, err) }

    /// The lines of standard output, without empty ones.
    package var lines: [String] { out.split(separator: "\n").map(String.init) }
}

/// A program to run, with little of the caller's environment: PATH, and what sanitizers are told by it.
package struct Program {
    package var path: String
    package var environment: [String: String] = [:]
    /// Run as this user and group, without other groups. Only root can.
    package var user: (id: Int, group: Int)?
    /// Where it starts; nil where the tests do.
    package var directory: String?

    package init(_ path: String) { self.path = path }

    /// The folder of the programs of this build: that of the tests' own bundle.
    package static let builtFolder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent()

    /// A program of this build. A daemon does not refuse to run as root: in a container the tests do.
    package static func built(_ name: String) -> Program {
        Program(builtFolder.appending(path: name).path).with("OUTSPOOL_AS_ROOT", "yes")
    }

    package func with(_ name: String, _ value: String) -> Program {
        var program = self
        program.environment[name] = value
        return program
    }

    package func with(_ variables: [String: String]) -> Program {
        var program = self
        program.environment.merge(variables) { $1 }
        return program
    }

    package func `as`(user: Int, group: Int) -> Program {
        var program = self
        program.user = (user, group)
        return program
    }

    package func `in`(_ directory: String) -> Program {
        var program = self
        program.directory = directory
        return program
    }

    /// The command without its arguments: by way of env(1) and setpriv(1) where it starts elsewhere or as another user.
    var words: [String] {
        let user = user.map { ["setpriv", "--reuid=\($0.id)", "--regid=\($0.group)", "--clear-groups"] } ?? []
        let env = directory.map { ["/usr/bin/env", "-C", $0] } ?? (user.isEmpty ? [] : ["/usr/bin/env"])
        return env + user + [path]
    }

    var variables: [String: String] {
        ProcessInfo.processInfo.environment
            .filter { $0.key == "PATH" || $0.key.hasSuffix("SAN_OPTIONS") }
            .merging(environment) { $1 }
    }

    /// Runs to the end; both outputs are read through files, so that no pipe can fill up.
    /// - Parameter output: where standard output goes instead; then ``Ran/out`` is empty.
    @discardableResult
    package func run(_ arguments: [String], input: String = "", output: String? = nil) throws -> Ran {
        let scratch = try Scratch(["in": input])
        let child = try Child(
            self, arguments, input: scratch.path("in"), output: output ?? scratch.path("out"),
            errors: scratch.path("err"))
        return Ran(
            status: child.wait(), out: output == nil ? try scratch.read("out") : "", err: try scratch.read("err"))
    }

    /// Runs a script of the shell.
    @discardableResult
    package static func shell(_ script: String, as user: (id: Int, group: Int)? = nil) throws -> Ran {
        var shell = Program("/bin/sh")
        shell.user = user
        return try shell.run(["-c", script])
    }
}
