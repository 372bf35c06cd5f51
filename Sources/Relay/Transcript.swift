internal import SMTP

/// The replies that came while libcurl greeted and logged in.
final class Transcript {
    private var parser = ReplyParser()
    private(set) var replies: [Reply] = []
    /// What could not be understood; nothing is read after it.
    private(set) var error: ReplyError?

    /// No server needs so many to let one in.
    static let limit = 64

    /// False when the server's bytes cannot be understood: then nothing more is to be read from it.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard error == nil else { return false }
        parser.append(bytes)
        do throws(ReplyError) {
            while let reply = try parser.next() {
                if replies.count < Self.limit { replies.append(reply) }
            }
        } catch { self.error = error }
        return error == nil
    }

    /// What the last reply to EHLO offers: after STARTTLS it is asked again, and only the second answer counts.
    var capabilities: Capabilities {
        // The only 250 before AUTH's 235; a HELO's offers nothing.
        replies.last { $0.code == 250 }.map { Capabilities($0) } ?? Capabilities()
    }

    /// Whether the server agreed to STARTTLS: the first 220 greets. Where the handshake fails then, so does libcurl.
    var hasStartedTLS: Bool { replies.count { $0.code == 220 } > 1 }

    var isLoggedIn: Bool { replies.contains { $0.code == 235 } }

    var last: Reply? { replies.last }

    /// Where the conversation stands: what the server would have had to answer next.
    func phase(_ settings: RelaySettings) -> ConnectionFailure.Phase {
        var phase = ConnectionFailure.Phase.greeting
        var greetings = 0
        for reply in replies {
            switch reply.code {
            case 220:
                // The second one answers STARTTLS.
                greetings += 1
                phase = greetings == 1 ? .ehlo : .tls
            case 250:
                let needsTLS = !settings.isImplicitTLS && settings.tls != .none && greetings < 2
                phase = needsTLS && Capabilities(reply).startTLS ? .tls : settings.user != nil ? .auth : .ehlo
            case 334: phase = .auth
            default: break
            }
        }
        return phase
    }
}
