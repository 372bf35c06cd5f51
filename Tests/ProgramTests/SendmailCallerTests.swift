import Foundation
import Scratch
import Testing

/// A program that calls sendmail(1), and what has to come out of it.
struct Caller: Sendable, CustomTestStringConvertible {
    let name: String
    /// What has to be installed.
    let needs: String
    var asRoot = false
    /// How many mails.
    var count = 1
    let script: String
    let from: String
    let to: [String]
    var header: [String] = []
    let body: String
    var testDescription: String { name }

    var isInstalled: Bool { FileManager.default.fileExists(atPath: needs) }
}

@Suite(
    "Callers of sendmail(1)", .serialized, .ownThreads,
    .enabled(if: MailHost.isPossible, "needs root, namespaces, and a /usr/sbin/sendmail to mount over"))
struct SendmailCallerTests {
    static let own = "<nobody@web1.example>"

    static let real: [Caller] = [
        Caller(
            name: "the shell", needs: "/bin/sh", script: #"printf 'na\357ve\n' | sendmail root"#,
            from: own, to: ["root@web1.example"],
            header: ["To: undisclosed-recipients:;", "From: nobody <nobody@web1.example>"], body: "na\u{EF}ve\n"),
        Caller(
            name: "PHP's mail()", needs: "/usr/bin/php",
            script: #"""
                php -r 'exit(mail("zoe@example.com", "Hello", "one\n.\ntwo", "From: shop@example.com\r\nBcc: b@example.com") ? 0 : 1);'
                """#,
            from: own, to: ["zoe@example.com", "b@example.com"], header: ["Subject: Hello", "From: shop@example.com"],
            body: "one\n.\ntwo\n"),
        Caller(
            name: "PHP's mail() with -f", needs: "/usr/bin/php",
            script: #"php -r 'exit(mail("zoe@example.com", "Hello", "x", "", "-fbounce@example.com") ? 0 : 1);'"#,
            from: "<bounce@example.com>", to: ["zoe@example.com"], header: ["From: bounce@example.com"], body: "x\n"),
        Caller(
            name: "git send-email", needs: "/usr/lib/git-core/git-send-email",
            script: """
                git init -q r && cd r && git config user.name A && git config user.email a@example.com &&
                echo x > x && git add x && git commit -qm 'Add x' && git format-patch -q --root -o p &&
                git send-email --quiet --confirm=never --from=a@example.com --to=list@example.com --cc=c@example.com \
                  --suppress-cc=all --envelope-sender=env@example.com --smtp-server=/usr/sbin/sendmail p/*
                """,
            from: "<env@example.com>", to: ["list@example.com", "c@example.com"],
            header: ["From: a@example.com", "Subject: [PATCH] Add x"], body: "+x\n"),
        Caller(
            name: "mutt", needs: "/usr/bin/mutt",
            script: """
                printf 'one\\n.\\ntwo\\n' | mutt -n -F /dev/null -e 'set use_envelope_from from=me@example.com realname=Me' \
                  -s Hello -c c@example.com -b b@example.com -- zoe@example.com
                """,
            from: "<me@example.com>", to: ["zoe@example.com", "c@example.com", "b@example.com"],
            header: ["From: Me <me@example.com>", "To: zoe@example.com", "Cc: c@example.com"], body: "one\n.\ntwo\n"),
        Caller(
            name: "s-nail", needs: "/usr/bin/s-nail",
            script: #"printf 'one \303\274\n.\n' | s-nail -:/ -s Hello -S from=me@example.com zoe@example.com"#,
            from: own, to: ["zoe@example.com"], header: ["Subject: Hello"], body: "one =C3=BC\n=2E\n"),
        Caller(
            name: "bsd-mailx", needs: "/usr/bin/bsd-mailx",
            script: #"printf 'one\ntwo\n' | bsd-mailx -s Hello zoe root"#,
            from: own, to: ["root@web1.example", "zoe@web1.example"], header: ["Subject: Hello"], body: "one\ntwo\n"),
        Caller(
            name: "Python's email", needs: "/usr/bin/python3",
            script: """
                /usr/bin/python3 -c '
                import subprocess
                from email.message import EmailMessage
                m = EmailMessage()
                m["From"], m["To"], m["Bcc"], m["Subject"] = "a@example.com", "Z <zoe@example.com>", "b@example.com", "Hello"
                m.set_content("one\\n.\\n")
                subprocess.run(["/usr/sbin/sendmail", "-t", "-oi"], input=m.as_bytes(), check=True)'
                """,
            from: own, to: ["zoe@example.com", "b@example.com"], header: ["To: Z <zoe@example.com>"], body: "one\n.\n"),
        Caller(
            name: "Perl's MIME::Lite", needs: "/usr/share/perl5/MIME/Lite.pm",
            script: #"""
                perl -MMIME::Lite -e 'MIME::Lite->new(From => "a\@example.com", To => "zoe\@example.com", Cc => "c\@example.com",
                    Subject => "Hello", Data => "one\n.\ntwo\n")->send or die'
                """#,
            from: "<a@example.com>", to: ["zoe@example.com", "c@example.com"], header: ["Subject: Hello"],
            body: "one\n.\ntwo\n"),
        Caller(
            name: "Perl's Mail::Send", needs: "/usr/share/perl5/Mail/Send.pm",
            script: #"""
                perl -MMail::Send -e 'my $m = Mail::Send->new(Subject => "Hello", To => "zoe"); $m->cc("c\@example.com");
                    my $f = $m->open("sendmail"); print $f "one\n"; $f->close or die'
                """#,
            from: own, to: ["zoe@web1.example", "c@example.com"], header: ["To: zoe@web1.example"], body: "one\n"),
        Caller(
            name: "mpack", needs: "/usr/bin/mpack",
            script: "echo attached > f; mpack -s Hello f zoe@example.com c@example.com", from: own,
            to: ["zoe@example.com", "c@example.com"], header: ["Subject: Hello"], body: "YXR0YWNoZWQK"),
        Caller(
            name: "procmail", needs: "/usr/bin/procmail",
            script: #"""
                printf ':0\n! zoe@example.com\n' > rc
                printf 'From x@y Mon Nov 23 17:44:11 2026\nFrom: a@example.com\nTo: me\n\none\n.\ntwo\n' | procmail ./rc
                """#,
            from: own, to: ["zoe@example.com"], header: ["From: a@example.com", "To: me@web1.example"],
            body: "one\n.\ntwo\n"),
        Caller(
            name: "formail -s", needs: "/usr/bin/formail", count: 2,
            script: #"""
                from='From x@y Mon Nov 23 17:44:11 2026\n'
                printf "${from}From: a@example.com\nTo: b@c\n\none\n\n${from}From: a@example.com\nTo: b@c\n\none\n" |
                  formail -s /usr/sbin/sendmail -oi -f '' zoe@example.com
                """#,
            from: "<>", to: ["zoe@example.com"], header: ["From: a@example.com", "To: b@c"], body: "one\n"),
        Caller(
            name: "anacron", needs: "/usr/sbin/anacron",
            script:
                "mkdir s; printf 'SHELL=/bin/sh\\n1 0 job echo one\\n' > tab; anacron -d -f -n -s -t $PWD/tab -S $PWD/s",
            from: own, to: ["nobody@web1.example"], header: ["From: Anacron <nobody@web1.example>"], body: "one\n"),
        Caller(
            name: "cron", needs: "/usr/sbin/cron", asRoot: true,
            script: #"""
                mkdir -p /var/spool/cron/crontabs; chgrp crontab /var/spool/cron/crontabs; chmod 1730 /var/spool/cron/crontabs
                printf '@reboot printf "h\\303\\251\\n.\\nend\\n"; touch done\n' > /var/spool/cron/crontabs/nobody
                chown nobody:crontab /var/spool/cron/crontabs/nobody; chmod 600 /var/spool/cron/crontabs/nobody
                mount -t tmpfs none /etc/cron.d; mount --bind /dev/null /etc/crontab
                cron -f & cron=$!
                until [ "$(ls /var/spool/outspool/new /var/spool/outspool/done/* /var/spool/outspool/cur/* | grep -c @)" -gt 0 ]; do
                  kill -0 $cron || exit 1; sleep 0.05; done
                kill $cron; wait
                """#,
            from: own, to: ["nobody@web1.example"],
            header: ["From: root@web1.example (Cron Daemon)", "To: nobody@web1.example"],
            body: "h\u{C3}\u{A9}\n.\nend\n"),
        Caller(
            name: "at", needs: "/usr/sbin/atd", asRoot: true,
            script: #"""
                mkdir -p /var/spool/cron/atjobs /var/spool/cron/atspool; touch /var/spool/cron/atjobs/.SEQ
                chown -R daemon:daemon /var/spool/cron/at*; chmod 1770 /var/spool/cron/at*; chmod 600 /var/spool/cron/atjobs/.SEQ
                mount --bind /dev/null /etc/at.deny
                atd -f & atd=$!
                until [ -s /run/atd.pid ]; do kill -0 $atd || exit 1; sleep 0.05; done
                echo 'echo one' | setpriv --reuid 65534 --regid 65534 --clear-groups at now
                until [ "$(ls /var/spool/outspool/new /var/spool/outspool/done/* /var/spool/outspool/cur/* | grep -c @)" -gt 0 ]; do
                  kill -0 $atd || exit 1; sleep 0.05; done
                kill $atd; wait
                """#,
            from: own, to: ["nobody@web1.example"], header: ["To: nobody@web1.example"], body: "one\n"),
        Caller(
            name: "sudo", needs: "/usr/bin/sudo", asRoot: true,
            script: #"""
                printf 'Defaults !authenticate, mail_no_user, mailto="zoe@example.com", mailsub="Hello"\n' > sudoers; chmod 440 sudoers
                mount --bind sudoers /etc/sudoers; mount -t tmpfs none /etc/sudoers.d
                setpriv --reuid 65534 --regid 65534 --clear-groups sudo -n /bin/true; [ $? = 1 ]
                """#,
            from: own, to: ["zoe@example.com"], header: ["Subject: Hello"], body: "user NOT in sudoers"),
        Caller(
            name: "logwatch", needs: "/usr/sbin/logwatch",
            script:
                "logwatch --output mail --format text --mailto zoe@example.com --range all --service zz-sys --detail high",
            from: own, to: ["zoe@example.com"], header: ["From: root@web1.example", "Precedence: bulk"],
            body: "Logwatch End"),
    ]

    /// Word for word what these programs run, where the program itself is too large for this test or needs hardware.
    static let forms: [Caller] = [
        form(
            "Debian's cron", "-i -FCronDaemon -B8BITMIME -oem root", "From: root (Cron Daemon)\nTo: root\n", own,
            ["root@web1.example"],
            ["From: root@web1.example (Cron Daemon)"]),
        form(
            "cronie", "-FCronDaemon -i -odi -oem -oi -t -f root",
            "From: \"(Cron Daemon)\" <root>\nTo: zoe@example.com\n",
            "<root@web1.example>", ["zoe@example.com"], ["From: \"(Cron Daemon)\" <root@web1.example>"]),
        form(
            "systemd-cron", "-i -B 8BITMIME zoe", "From: root\nTo: zoe\n", own, ["zoe@web1.example"],
            ["To: zoe@web1.example"]),
        form(
            "mdadm", "-t", "From: mdadm monitoring <root>\nTo: root\nSubject: Fail event\n", own, ["root@web1.example"],
            ["From: mdadm monitoring <root@web1.example>"]),
        form(
            "fail2ban", #"-f "fail2ban@example.com" "zoe@example.com""#,
            "Subject: [Fail2Ban]\nFrom: Fail2Ban <fail2ban@example.com>\nTo: zoe\n",
            "<fail2ban@example.com>", ["zoe@example.com"], ["To: zoe@web1.example"]),
        form("unattended-upgrades", "-oi -t", "Subject: x\nTo: root\nFrom: root\n", own, ["root@web1.example"], []),
        form(
            "BusyBox's crond", "-ti", "To: root\nSubject: cron: x\n", own, ["root@web1.example"],
            ["From: nobody <nobody@web1.example>"]),
        form(
            "nodemailer", "-i -f a@example.com zoe@example.com c@example.com",
            "From: a@example.com\nTo: zoe@example.com\n",
            "<a@example.com>", ["zoe@example.com", "c@example.com"], []),
        form(
            "Rails", "-i -f a@example.com -- zoe@example.com", "From: a@example.com\nTo: zoe@example.com\n",
            "<a@example.com>",
            ["zoe@example.com"], []),
        form(
            "Emacs", "-oi -f a@example.com -oem -odb -t", "From: a@example.com\nTo: zoe@example.com\nFcc: x\n",
            "<a@example.com>",
            ["zoe@example.com"], []),
        form(
            "devscripts' bts", "-t", "From: A <a@example.com>\nTo: control@bugs.example\nCc: A <a@example.com>\n", own,
            ["control@bugs.example", "a@example.com"], []),
    ]

    private static func form(
        _ name: String, _ words: String, _ header: String, _ from: String, _ to: [String], _ lines: [String]
    ) -> Caller {
        Caller(
            name: name, needs: "/bin/sh", script: "sendmail \(words) <<'EOF'\n\(header)\none\nEOF\n", from: from,
            to: to,
            header: lines, body: "one\n")
    }

    @Test("Real ones deliver the right envelope and message", arguments: real + forms)
    func delivers(caller: Caller) throws {
        guard caller.isInstalled else {
            withKnownIssue("\(caller.needs) is not installed") { Issue.record("\(caller.name) is not tested") }
            return
        }
        let host = try MailHost()
        let ran = try host.run(caller.script, asRoot: caller.asRoot)
        #expect(ran.status == 0, "\(ran)")
        try host.place.wait("\(caller.count) mails; \(ran)") { host.place.names("done").count == caller.count }
        let mails = try host.mails()
        #expect(mails.count == caller.count)
        for mail in mails {
            #expect(mail.from == caller.from)
            #expect(mail.to == caller.to)
            for line in caller.header { #expect(mail.header.contains(line), "\(line) in \(mail.header)") }
            for name in ["From: ", "Date: ", "Message-ID: "] {
                #expect(mail.header.filter { $0.lowercased().hasPrefix(name.lowercased()) }.count == 1, "\(name)")
            }
            #expect(!mail.header.contains { $0.hasPrefix("Bcc:") })
            #expect(mail.body.contains(caller.body), "\(mail.body)")
        }
        // The caller was nobody, and went through the box for everybody.
        #expect(host.place.names("done").allSatisfy { $0.hasSuffix("@local") })
        try host.place.wait("the log to name the caller") { host.place.log.contains("uid=65534") }
    }

    @Test(
        "swaks speaks SMTP on a pipe",
        .enabled(if: access("/usr/bin/swaks", X_OK) == 0, "needs swaks"))
    func swaks() throws {
        let host = try MailHost()
        // It does not wait for its child's last word; a reader of both does.
        let ran = try host.run(
            """
            { swaks --pipe '/usr/sbin/sendmail -bs' --to zoe@example.com --from a@example.com; echo status $?; } 2>&1 | cat
            """)
        #expect(ran.out.contains("250 2.0.0 Ok: queued as "), "\(ran)")
        #expect(ran.out.contains("status 0"), "\(ran)")
    }

    @Test("Of logins that share a number LOGNAME chooses; the comment field has the name")
    func sharedNumber() throws {
        let host = try MailHost()
        let ran = try host.run(
            #"""
            printf 'nobody:x:65534:65534::/:/bin/sh\nzoe:x:65534:65534:& M\303\274ller,Room 1,,:/:/bin/sh\n' > passwd
            mount --bind passwd /etc/passwd
            for login in zoe root nobody; do
              echo one | LOGNAME=$login setpriv --reuid 65534 --regid 65534 --clear-groups sendmail $login
            done
            """#, asRoot: true)
        #expect(ran.status == 0, "\(ran)")
        try host.place.wait("three mails") { host.place.names("done").count == 3 }
        let mails = try host.mails()
        #expect(
            Set(mails.map { "\($0.from) \($0.to)" }) == [
                #"<zoe@web1.example> ["zoe@web1.example"]"#, #"<nobody@web1.example> ["root@web1.example"]"#,
                #"<nobody@web1.example> ["nobody@web1.example"]"#,
            ])
        let zoe = mails.first { $0.from == "<zoe@web1.example>" }
        #expect(zoe?.header.contains("From: =?utf-8?q?Zoe_M=C3=BCller?= <zoe@web1.example>") == true, "\(mails)")
    }

    @Test("mailq for the owner, and what it says to others")
    func mailq() throws {
        let host = try MailHost()
        try host.place.write("spool/pause", "")
        try host.run("echo one | sendmail -f a@example.com zoe@example.com")
        try host.place.wait("the mail in new/") { host.place.names("new").count == 1 }
        let queue = try host.run("sendmail -bp", asRoot: true)
        #expect(
            queue.status == 0 && queue.out.contains("a@example.com\n") && queue.out.contains(" zoe@example.com\n")
        )
        #expect(queue.lines.last == "-- 1 Kbytes in 1 Request.")
        #expect(try host.run("sendmail -bp").status == 77)
    }
}
