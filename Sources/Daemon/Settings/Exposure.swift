internal import Linux
internal import Relay
package import Spool

/// Files and directories that are open to users without business there.
///
/// Each finding is one line that names the file, its mode, and the chmod(1) that fixes it. A file that cannot be looked
/// at is skipped: its reader reports it.
package enum Exposure {
    /// A user who may write the configuration decides where the mail goes.
    package static func configuration(at path: String) -> String? {
        finding(path, "the configuration", forbidden: 0o022, "others than its owner may change it", remedy: "go-w")
    }

    /// The passwords and tokens of the relays: for their owner, and for a group to read.
    package static func secrets(of settings: Settings) -> [String] {
        settings.relays.flatMap { relay in
            var files = [relay.connection.certificate?.key]
            switch relay.connection.secret {
            case .passwordFile(let path), .tokenFile(let path): files.append(path)
            case .tokenCommand, nil: break
            }
            return files.compactMap { path in
                path.flatMap {
                    finding($0, "a secret", forbidden: 0o027, "others may read or change it", remedy: "g-w,o=")
                }
            }
        }
    }

    /// The directories of the spool that every user of the machine may write to: only the two of `drop/local` are for
    /// that, with the sticky bit. A missing one is skipped.
    package static func spool(at path: String) throws(SpoolError) -> [String] {
        guard let root = try step(.open, path, allowing(.noEntry, Directory(path: path))) else { return [] }
        var names = Creation.directories
        for claims in try directories(of: "cur", in: root) { names.append("cur/\(claims)") }
        for box in try directories(of: "drop", in: root) where Creation.isDropBoxName(box) {
            names += ["drop/\(box)", "drop/\(box)/tmp", "drop/\(box)/new"]
        }
        var findings: [String] = []
        if let finding = open(try step(.read, path, root.status()), path) { findings.append(finding) }
        for name in names {
            let status: FileStatus
            do throws(Errno) { status = try root.status(name) } catch {
                if error == .noEntry || error == .notDirectory { continue }
                throw SpoolError(.read, "\(path)/\(name)", error)
            }
            guard status.isDirectory else { continue }
            let isForAll = ["drop/local/tmp", "drop/local/new"].contains(name)
            if isForAll, status.permissions & 0o1000 != 0 { continue }
            let remedy = isForAll ? "+t" : "o-w"
            if let finding = open(status, "\(path)/\(name)", remedy: remedy) { findings.append(finding) }
        }
        return findings
    }

    private static func directories(of path: String, in spool: borrowing Directory) throws(SpoolError) -> [String] {
        var names: [String] = []
        do throws(Errno) {
            var stream = try spool.directory(path).entries()
            while let name = try stream.next() { if let text = name.text, !name.isHidden { names.append(text) } }
        } catch { if error != .noEntry && error != .notDirectory { throw SpoolError(.list, path, error) } }
        return names.sorted()
    }

    private static func open(_ status: FileStatus, _ path: String, remedy: String = "o-w") -> String? {
        guard status.permissions & 0o002 != 0 else { return nil }
        return text(path, "a directory of the spool", status, "every user may add and remove files", remedy)
    }

    private static func finding(
        _ path: String, _ what: String, forbidden: UInt32, _ fault: String, remedy: String
    ) -> String? {
        // Its reader opens it again, and reports when it is missing.
        guard let status = try? Descriptor(readingFileAt: path).status() else { return nil }
        return status.permissions & forbidden == 0 ? nil : text(path, what, status, fault, remedy)
    }

    private static func text(
        _ path: String, _ what: String, _ status: FileStatus, _ fault: String, _ remedy: String
    ) -> String {
        let digits = String(status.permissions, radix: 8)
        let mode = String(repeating: "0", count: max(4 - digits.utf8.count, 0)) + digits
        return "\(path): \(what) of mode \(mode): \(fault) (chmod \(remedy))"
    }
}
