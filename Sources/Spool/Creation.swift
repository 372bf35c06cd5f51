internal import Linux
internal import Time

/// Makes spools and drop boxes, with the modes that their promises need.
package enum Creation {
    /// The directories below a spool, parents first.
    package static let directories: [String] =
        ["tmp", "new", "cur", "retry"] + Bucket.allCases.map { "retry/\($0.name)" }
        + ["scheduled", "hold", "dead", "done", "drop"]

    /// Makes a spool at `path`, or completes one that is there; modes are set either way.
    ///
    /// Directories are 0700, but for the spool itself and `drop/`, which producers have to
    /// cross: 0711. They belong to whom the spool belongs to; a symbolic link in the place of one is an
    /// error. On return everything is on disk.
    package static func spool(at path: String) throws(SpoolError) {
        try step(.create, path, allowing(.exists, Directory.make(path: path, mode: 0o711)))
        let root = try step(.open, path, Directory(path: path))
        let owner = try step(.open, path, root.status())
        for name in directories {
            try step(.create, "\(path)/\(name)") { () throws(Errno) in
                try allowing(.exists, root.makeDirectory(name, mode: 0o700))
                let made = try root.directory(name)
                if try made.status().owner != owner.owner {
                    try made.descriptor.setOwner(owner.owner, group: owner.group)
                }
                try made.descriptor.setMode(mode(of: name))
            }
        }
        try step(.sync, path, root.directory("retry").sync())
        try step(.sync, path, root.sync())
        // The spool's own entry. A parent that may not be read was there before.
        try step(.sync, path, allowing(.accessDenied, Directory(path: path + "/..").sync()))
    }

    /// The mode of one of ``directories``.
    package static func mode(of name: String) -> UInt32 { name == "drop" ? 0o711 : 0o700 }

    /// Makes the drop box `drop/NAME` for the producers of a group, or `drop/local` (group nil)
    /// for every user of the machine.
    ///
    /// Its directories belong to the spool's owner. Who submits can add files to them and
    /// cannot list, read or remove what others added: 3730 for a group, 1733 for all. A group's box has an `out/` of
    /// mode 2750, too, where the group reads what became of its jobs. Needs the right to give files to a group: root, or
    /// membership.
    package static func dropBox(_ name: String, group: UInt32?, in path: String) throws(SpoolError) {
        guard isDropBoxName(name) else { throw SpoolError(.create, "drop/\(name)", .invalid) }
        let spool = try step(.open, path, Directory(path: path))
        let owner = try step(.open, path, spool.status())
        let drop = try step(.open, "\(path)/drop", spool.directory("drop"))
        let own = "\(path)/drop/\(name)"
        func make(_ name: String, in parent: borrowing Directory, mode: UInt32, path: String) throws(SpoolError) {
            try step(.create, path) { () throws(Errno) in
                try allowing(.exists, parent.makeDirectory(name, mode: 0o700))
                let made = try parent.directory(name)
                try made.descriptor.setOwner(owner.owner, group: group ?? owner.group)
                // After the owner, since chown(2) clears the set-group-id bit.
                try made.descriptor.setMode(mode)
            }
        }
        try make(name, in: drop, mode: group == nil ? 0o711 : 0o710, path: own)
        let box = try step(.open, own, drop.directory(name))
        for part in ["tmp", "new"] {
            try make(part, in: box, mode: group == nil ? 0o1733 : 0o3730, path: "\(own)/\(part)")
        }
        if group != nil { try make("out", in: box, mode: 0o2750, path: "\(own)/out") }
        try step(.sync, own, box.sync())
        try step(.sync, own, drop.sync())
    }

    /// A drop box's name becomes part of ids, `ID@NAME`: letters, digits, `_` and `-`, at most 32.
    package static func isDropBoxName(_ name: String) -> Bool {
        JobID(name) != nil && name.utf8.count <= 32 && !name.utf8.contains { ".@=+".utf8.contains($0) }
    }
}
