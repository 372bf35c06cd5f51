internal import Configuration
internal import IDNA
internal import Linux
internal import Message
internal import Spool
internal import Text

/// This machine as its mail sees it: where the queue is, and the name behind the @.
struct MailSite {
    /// The spool, or the drop box, that `OUTSPOOL_SPOOL`, the configuration or the default names.
    let spool: String
    /// The most bytes that a job's object may have.
    let jobLimit: Int
    /// The directory of templates; nil without a configuration that this user can read.
    let templates: String?
    /// The domain that completes addresses without one, in the form of ``Message/Address/domain``.
    let mailName: String

    /// Reads the configuration if this user may. Otherwise the defaults hold.
    init(mailNameFile: String = "/etc/mailname") throws(Failure) {
        var section = try Location.visibleConfiguration()
        spool = Location.spoolPath(&section)
        templates = section.map { _ in section?.path("templates") ?? "/etc/outspool/templates" }
        do throws(ConfigurationError) { jobLimit = try section?.size("max_job_size") ?? Input.jobLimit } catch {
            throw Failure(.configuration, printable("\(error)"))
        }
        if let name = try MailSite.firstLine(of: mailNameFile) {
            mailName = try MailSite.checked(name, from: mailNameFile)
        } else if let name = section?.string("hostname") {
            mailName = try MailSite.checked(name, from: "hostname")
        } else if let address = try? Address(user: "root", at: Process.hostName) {
            mailName = address.domain
        } else {
            // A machine may be called what no domain is; its cron still has to be heard.
            mailName = "localhost"
        }
    }

    private static func checked(_ name: String, from source: String) throws(Failure) -> String {
        do throws(AddressError) { return try Address(user: "root", at: name).domain } catch {
            throw Failure(.configuration, "\(source): \(printable(name)) is not a domain: \(error.reason)")
        }
    }

    /// The first line that is not empty; nil without one, or without a file.
    private static func firstLine(of path: String) throws(Failure) -> String? {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try Input.open(path).readAll(limit: 4096) } catch {
            if error == .noEntry || error == .accessDenied { return nil }
            throw Failure(.configuration, "\(path): \(error)")
        }
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }
        return lines.lazy.map { String(trimmed(String(decoding: $0, as: UTF8.self))) }.first { !$0.isEmpty }
    }

    /// Where this user submits: the spool, if it is the user's own, else its `drop/local`, which is for everybody.
    /// A drop box that was named is taken as it is.
    func entrance() throws(SpoolError) -> Entrance {
        let root = try step(.open, spool, Directory(anchorAt: spool))
        let owner = try step(.open, spool, root.status().owner)
        let local = "\(spool)/drop/local"
        if owner == Process.effectiveUser { return try Entrance(path: spool) }
        do throws(Errno) { _ = try root.status("drop/local/new") } catch {
            // No such box: this is one itself, or the caller is root and needs none.
            if error == .noEntry || error == .notDirectory { return try Entrance(path: spool) }
            throw SpoolError(.open, local, error)
        }
        return try Entrance(path: local)
    }
}
