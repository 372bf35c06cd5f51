internal import Linux
internal import SMTPServer
internal import Spool
internal import Submission

/// Speaks SMTP on standard input and output, as programs do that start `sendmail -bs`: the dialogue of
/// outspool-smtpd(8), with what the caller may do anyway.
///
/// Each 250 to the end of a message means that its job is on disk. Returns when the client has said QUIT, or has gone.
func converse(_ output: Output) throws(Failure) {
    let site: MailSite
    do throws(Failure) { site = try MailSite() } catch { throw Failure(.temporary, error.message) }
    let entrance: Entrance
    do throws(SpoolError) { entrance = try site.entrance() } catch { throw temporary(error) }
    var rules = DoorRules(name: site.mailName, origin: site.mailName)
    (rules.maxMessageSize, rules.maxJobSize) = (site.jobLimit, site.jobLimit)
    var access = Access(box: entrance.path)
    access.templates = .all
    var door = Door(rules, client: "localhost[stdin]", access: access)
    let maker = JobMaker(templates: site.templates)
    func answer() throws(Failure) {
        repeat {
            try output.write(door.output)
            door.output = []
            while let action = door.next() {
                if case .post(let posting) = action { door.finishPosting(queue(posting, maker, entrance)) }
            }
        } while !door.output.isEmpty
        try output.flush()
    }
    try answer()
    try Input.chunks(of: "-") { (chunk) throws(Failure) in
        chunk.withUnsafeBytes { door.receive($0) }
        try answer()
        return !door.isClosed
    }
}

/// Queues one message; the job's id in the spool, or the reply that refuses it.
private func queue(_ posting: Posting, _ maker: JobMaker, _ entrance: Entrance) -> Result<String, PostingRefusal> {
    do throws(PostingRefusal) {
        let job = try maker.job(of: posting)
        do throws(SpoolError) {
            if try isTaken(job, in: entrance) { return .failure(.taken(job.id)) }
        } catch {
            complain("\(error)", as: "sendmail")
            throw PostingRefusal(error)
        }
        return .success(job.id.text + posting.access.mark(user: Process.effectiveUser))
    } catch { return .failure(error) }
}

/// Submits the job; true where another job has its id, and this one is not queued.
private func isTaken(_ job: JobMaker.MadeJob, in entrance: Entrance) throws(SpoolError) -> Bool {
    do throws(SpoolError) { try entrance.submit(job.object, id: job.id) } catch {
        guard error.step == .publish, error.errno == .exists else { throw error }
        return try entrance.waitingNamesake(of: job.id, job.object) == .other
    }
    return false
}
