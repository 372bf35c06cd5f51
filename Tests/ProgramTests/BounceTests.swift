import Foundation
import Scratch
import Testing

@Suite("Bounces", .serialized, .ownThreads)
struct BounceTests {
    /// A Postfix of the test's own: it takes mail for everybody, and gives what comes back to `outspool feedback`.
    private final class Relay {
        let port: Int
        private let directory: URL

        static let isPossible =
            Machine.isRoot && Machine.program("postfix") != nil && Machine.program("smtp-sink") != nil

        init(of place: Workplace, refusedBy sink: Int) throws {
            directory = place.root.appending(path: "postfix")
            port = try Machine.freePort()
            // nobody crosses mktemp's 0700, and runs a copy of the command.
            #expect(chmod(place.root.path, 0o755) == 0)
            let command = place.root.appending(path: "outspool")
            try FileManager.default.copyItem(at: Program.builtFolder.appending(path: "outspool"), to: command)
            for name in ["conf", "queue", "data"] {
                try FileManager.default.createDirectory(
                    at: directory.appending(path: name), withIntermediateDirectories: true)
            }
            let user = try #require(getpwnam("postfix")).pointee.pw_uid
            #expect(chown(directory.appending(path: "data").path, user, 0) == 0)
            try place.write(
                "postfix/conf/main.cf",
                """
                compatibility_level = 3.6
                queue_directory = \(directory.path)/queue
                data_directory = \(directory.path)/data
                maillog_file = \(directory.path)/mail.log
                maillog_file_prefixes = \(place.root.path)
                inet_interfaces = 127.0.0.1
                inet_protocols = ipv4
                myhostname = relay.example
                mydestination =
                mynetworks = 127.0.0.0/8
                smtpd_relay_restrictions = permit_mynetworks, reject
                smtp_bind_address = 127.0.0.1
                relayhost = [127.0.0.1]:\(sink)
                transport_maps = inline:{{bounces.example=feedback:}}
                in_flow_delay = 0

                """)
            try place.write(
                "postfix/conf/master.cf",
                """
                127.0.0.1:\(port) inet n - n - - smtpd
                pickup unix n - n 1 1 pickup
                cleanup unix n - n - 0 cleanup
                qmgr unix n - n 300 1 qmgr
                rewrite unix - - n - - trivial-rewrite
                bounce unix - - n - 0 bounce
                defer unix - - n - 0 bounce
                trace unix - - n - 0 bounce
                proxymap unix - - n - - proxymap
                smtp unix - - n - - smtp
                relay unix - - n - - smtp
                error unix - - n - - error
                retry unix - - n - - error
                postlog unix-dgram n - n - 1 postlogd
                feedback unix - n n - - pipe
                  flags=DR user=nobody argv=\(command.path) --spool \(place.spool.path) feedback

                """)
            let started = try place.run("/usr/sbin/postfix", ["-c", directory.appending(path: "conf").path, "start"])
            #expect(started.status == 0, "\(started)")
        }

        var log: String { (try? String(contentsOf: directory.appending(path: "mail.log"), encoding: .utf8)) ?? "" }

        func stop(_ place: Workplace) {
            _ = try? place.run("/usr/sbin/postfix", ["-c", directory.appending(path: "conf").path, "stop"])
        }
    }

    @Test(
        "A real Postfix's bounce is in the file of the job that it is about",
        .enabled(if: Relay.isPossible, "needs root, Postfix and its smtp-sink"))
    func postfix() throws {
        let place = try Workplace()
        let sink = try Machine.freePort()
        _ = try place.start(
            try #require(Machine.program("smtp-sink")), ["-u", "nobody", "-f", "rcpt", "127.0.0.1:\(sink)", "100"],
            name: "smtp-sink")
        let relay = try Relay(of: place, refusedBy: sink)
        defer { relay.stop(place) }
        try place.configure(port: relay.port, main: "bounce_address = back+{token}@bounces.example")
        _ = try place.daemon()
        try place.hello("order-1", to: "zoe@example.com")
        try place.hello("order-2", to: "Zoë <zoe2@example.com>")
        for id in ["order-1", "order-2"] {
            try place.wait(for: id, in: "done")
            try place.wait("the bounce of \(id); Postfix: \(relay.log.suffix(1000))", limit: .seconds(60)) {
                try place.events(id).contains("bounced")
            }
        }
        let told = try #require(try place.history("order-1").last)
        #expect(told["to"] as? String == "zoe@example.com")
        #expect((told["dsn"] as? String)?.hasPrefix("5.") == true)
        try place.wait("the door to be empty") { place.names("feedback/new").isEmpty }
        let list = try place.outspool("ls", "--event", "bounced")
        #expect(list.out.contains("order-1") && list.out.contains("order-2"), "\(list)")
        let shown = try place.outspool("show", "order-1")
        #expect(shown.out.contains("bounced"), "\(shown)")
        #expect(place.log.contains("outspool/bounce"))
    }

    @Test("The command brings a bounce, and says what is wrong with a webhook")
    func command() throws {
        let place = try Workplace()
        let mail = "From: MAILER-DAEMON@a.example\nSubject: Undelivered\n\nno such user\n"
        let brought = try place.outspool("feedback", input: mail)
        #expect(brought.status == 0, "\(brought)")
        let name = try #require(place.names("feedback/new").first)
        #expect(place.text(place.spool.appending(path: "feedback/new/\(name)")) == mail)
        #expect(place.names("feedback/tmp").isEmpty)
        // A webhook keeps the fields that its signature needs.
        #expect(
            try place.outspool("feedback", "--from", "postmark", "--header", "Authorization: Basic eDp5", input: "{\n")
                .status
                == 65)
        let body =
            #"{"RecordType":"Delivery","MessageID":"883953f4","Recipient":"a@example.com","DeliveredAt":"2026-11-24T09:00:00Z"}"#
        let webhook = try place.outspool(
            "feedback", "--from", "postmark", "--header", "Authorization: Basic eDp5", input: body)
        #expect(webhook.status == 0, "\(webhook)")
        try place.write("token", "another:key\n")
        let refused = try place.outspool(
            "feedback", "--from", "postmark", "--header", "Authorization: Basic eDp5", "--key-file",
            place.root.appending(path: "token").path, input: body)
        #expect(refused.status == 65, "\(refused)")
        #expect(place.names("feedback/new").count == 2)
        #expect(try place.outspool("feedback", "--from", "nobody", input: body).status == 64)
        #expect(try place.outspool("feedback", input: "").status == 65)
        // Nothing that an alias's Postfix would not try again.
        try FileManager.default.removeItem(at: place.spool.appending(path: "feedback"))
        #expect(try place.outspool("feedback", input: mail).status == 75)
    }
}
