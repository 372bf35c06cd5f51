package import Foundation

/// How a program ended and what it wrote.
package struct Ran {
    package let status: Int32
    package let out: String
    package let err: String

    /// The lines of standard output.
    package var lines: [String] { out.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) }
}

/// A program to run, with nothing of the caller's environment but PATH.
package struct Program {
    package var path: String
    package var environment: [String: String] = [:]
    /// Run as this user and group, without other groups. Only root can.
    package var user: (id: Int, group: Int)?

    package init(_ path: String) { self.path = path }

    /// A product of this build, beside the bundle of the tests.
    package static func built(_ name: String) -> Program {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        while folder.path.count > 1 {
            folder.deleteLastPathComponent()
            let candidate = folder.appendingPathComponent(name).path
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: candidate, isDirectory: &isDirectory), !isDirectory.boolValue {
                return Program(candidate)
            }
        }
        return Program(name)
    }

    /// The program `name` of PATH; nil if there is none.
    package static func installed(_ name: String) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    package static var isRoot: Bool { getuid() == 0 }

    package func `as`(user: Int, group: Int) -> Program {
        var program = self
        program.user = (user, group)
        return program
    }

    package func with(_ name: String, _ value: String) -> Program {
        var program = self
        program.environment[name] = value
        return program
    }

    /// Runs to the end; both outputs are read through files, so that no pipe can fill up.
    @discardableResult
    package func run(_ arguments: [String], input: String = "", output: FileHandle? = nil) throws -> Ran {
        let scratch = try Scratch()
        let process = Foundation.Process()
        var words = [path] + arguments
        if let user {
            words =
                [
                    "/usr/bin/env", "setpriv", "--reuid=\(user.id)", "--regid=\(user.group)", "--clear-groups",
                ] + words
        }
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.environment = environment.merging(["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]) {
            own, _ in own
        }
        func handle(_ name: String, _ text: String) throws -> FileHandle {
            let file = try scratch.write(text, to: name)
            guard let handle = FileHandle(forUpdatingAtPath: file) else { throw CocoaError(.fileNoSuchFile) }
            return handle
        }
        process.standardInput = try handle("in", input)
        process.standardOutput = try output ?? handle("out", "")
        process.standardError = try handle("err", "")
        try process.run()
        process.waitUntilExit()
        return Ran(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            out: output == nil ? try scratch.read("out") : "", err: try scratch.read("err"))
    }

    /// Runs a script of the shell.
    @discardableResult
    package static func shell(_ script: String, as user: (id: Int, group: Int)? = nil) throws -> Ran {
        var shell = Program("/bin/sh")
        shell.user = user
        return try shell.run(["-c", script])
    }
}
