package import Linux

extension SpoolTree {
    /// Takes from a file of `new/` the name that it has in `tmp/`, too; false if it has none there.
    ///
    /// It is a job like any other then. Two names are what a producer leaves that died between link(2) and unlink(2);
    /// and btrfs, whose fsync(2) of `new/` brings the new name through a power cut, and may bring the old one with it. A
    /// crash after the unlink leaves what is wanted.
    package func removeSecondName(of file: FileStatus) throws(SpoolError) -> Bool {
        let names = try step(.list, "tmp") { () throws(Errno) in
            var names: [String] = []
            var stream = try tmp.entries()
            while let name = try stream.next() { if let text = name.text { names.append(text) } }
            return names
        }
        for name in names {
            let inode = try step(.read, "tmp/\(name)", allowing(.noEntry, tmp.status(name).inode))
            guard inode == file.inode else { continue }
            try step(.remove, "tmp/\(name)", allowing(.noEntry, tmp.unlink(name)))
            return true
        }
        return false
    }
}
