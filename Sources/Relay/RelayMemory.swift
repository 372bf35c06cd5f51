internal import Linux
internal import Text

/// The knowledge that connections to one relay share: addresses that failed, and a token that worked.
package final class RelayMemory {
    /// Gets a line for the log when one of several addresses fails, or TLS is given up.
    package var note: (String) -> Void
    /// Called with an address that has failed, or works again, when that is news.
    package var learned: (_ address: String, _ works: Bool) -> Void = { _, _ in }
    package private(set) var addresses = AddressRests()
    /// The token that the command printed last; nil before the first, and when the relay has refused it.
    var token: [UInt8]?
    /// The file that the last login's secret was read from, as it was then.
    private(set) var secretFile: SecretFile?
    private var notes: [String] = []

    package init(note: @escaping (String) -> Void = { _ in }) { self.note = note }

    /// A connection to `address` came to nothing or was of no use.
    package func failed(at address: String?) {
        if let address, addresses.failed(address, at: Clock.monotonic) { learned(address, false) }
    }

    /// A connection to `address` is of use.
    package func worked(at address: String) { if addresses.worked(address) { learned(address, true) } }

    /// Takes over what another process has learned of an address.
    package func learn(of address: String, works: Bool) {
        if works { addresses.worked(address) } else { addresses.failed(address, at: Clock.monotonic) }
    }

    /// The secret's file is another one than the last login's was.
    package var isSecretNew: Bool { secretFile.map { $0.isChanged } ?? false }

    func used(_ file: SecretFile?) { secretFile = file }

    /// Tells `line`, unless it is one of the last that were told.
    package func tell(_ line: String) {
        if notes.holds(exactly: line) { return }
        notes.append(line)
        if notes.count > 32 { notes.removeFirst() }
        note(line)
    }

    /// A failure of `address` is news again: it has worked.
    package func forget(_ address: String) {
        notes.removeAll { $0.begins(with: "\(address): ") && $0.ends(with: Self.ending) }
    }

    /// How a line ends that tells of an address which failed.
    static let ending = "; the next address is tried"

    /// The relay does not take this token any more. Another one may have been printed meanwhile.
    func refused(_ secret: [UInt8]) {
        if token == secret { token = nil }
    }
}
