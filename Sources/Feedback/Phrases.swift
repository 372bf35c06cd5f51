/// Words by which reports of a form of their own are told from other mails, and their parts from each other.
enum Phrases {
    /// In a line that ends the notice.
    static let original = [
        "original message", "original mail", "original email", "returned message", "returned mail", "unsent message",
        "undelivered message", "copy of the message", "copy of your message", "copy of the mail", "copy of your mail",
        "copy of the original", "header of the original", "message header", "headers follow", "message follows",
        "rejected message", "received message", "start of message", "returned header", "message text follows",
        "the following is the mail", "message contents follow", "below this line", "enclosed is a copy",
        "your message reads",
        "mensaje original", "message d'origine", "urspr", "original-nachricht", "messaggio originale",
        "included is a copy",
    ]
    static let following = ["follows", "follows.", "follow", "follow.", "following.", "follows below.", "is following"]

    /// In the subject of a bounce.
    static let bounceSubjects = [
        "undeliver", "undelivr", "non deliver", "non-deliver", "nondeliver", "not deliver", "returned mail",
        "returned to sender",
        "delivery fail", "delivery has failed", "failed delivery", "delivery error", "delivery problem",
        "delivery status",
        "delivery report", "delivery notification", "delivery failure", "mail failure", "failure notice",
        "failure notification",
        "failed mail", "failed to deliver", "mail system error", "mail error", "error mail", "mail delivery",
        "message delivery",
        "could not be delivered", "couldn't be delivered", "cannot be delivered", "could not send", "could not deliver",
        "unable to deliver", "delivery delay", "delayed mail", "message delayed", "warning: message",
        "warning: could not",
        "mail could not", "nicht zustellbar", "unzustellbar", "zustellung fehl", "no entregado", "no se puede entregar",
        "non remis", "echec de", "impossibile recapitare", "mancato recapito", "bounced", "bounce message",
        "message not sent",
        "delivery unsuccessful", "unsuccessful mail", "status notification", "loop alert", "rejected:",
        "message rejected",
        "address change", "mail delivery subsystem", "not been delivered", "quota", "unknown user", "user unknown",
        "returned message", "message status", "undeliverable",
    ]

    /// In its text.
    static let bounceTexts = [
        "could not be delivered", "couldn't be delivered", "cannot be delivered", "can not be delivered",
        "can't be delivered",
        "was not delivered", "not been delivered", "wasn't delivered", "weren't sent", "not be sent", "undelivered",
        "did not reach", "unable to deliver", "could not deliver", "cannot deliver", "can't deliver",
        "failed to deliver",
        "delivery failed", "delivery has failed", "delivery failure", "delivery error", "failed delivery",
        "failed permanently",
        "permanent failure", "permanent error", "permanent fatal error", "fatal errors", "undeliverable",
        "undelivrable",
        "unable to relay", "returned to sender", "returning message", "returned mail",
        "error occurred while trying to deliver",
        "error delivering", "user unknown", "unknown user", "unknown recipient", "invalid recipient", "invalid user",
        "mailbox is full", "mailbox full", "over quota", "exceeds allowed size", "no such user", "does not exist",
        "rejected by", "was rejected", "were rejected", "failure reason", "following address", "following recipient",
        "transcript of session", "has been delayed", "will be retried", "warning message only", "delivery attempts",
        "delivery to the following", "could not send", "not accepted", "duplicated message-id", "message could not",
        "mail could not", "not listed in", "no longer", "smtp error", "error message", "problem delivering",
        "problems delivering",
        "delivery status notification", "didn't reach", "wasn't able to deliver", "may not exist", "google groups",
    ]

    /// The sender goes on trying.
    static let delays = [
        "has been delayed", "will be retried", "warning message only", "still being retried", "will keep trying",
        "will continue to be", "will continue trying", "will continue to try", "attempts will continue",
        "not yet been delivered",
        "has not been delivered yet", "do not need to resend", "no action is required on your part",
        "delivery is delayed",
        "will try again", "delivery delayed", "temporary non-critical error", "will be attempted", "still trying",
    ]

    /// In the local part of who sends bounces.
    static let daemons = [
        "mailer-daemon", "mailerdaemon", "mailer_daemon", "postmaster", "post_master", "mail-daemon", "maildaemon",
        "mail.daemon",
        "mdaemon", "mailer", "bounce", "mail-delivery", "mailadmin", "amavis", "symantec", "scanmail", "spam-filter",
        "no-reply",
        "noreply", "mail-system", "root", "mailsweeper", "mmdf", "uucp", "-admin",
    ]

    /// In the subject of an answer that a program gave.
    static let autoReplySubjects = [
        "auto:", "autoreply", "auto reply", "auto-reply", "automatic reply", "automatic response", "autoresponse",
        "auto response",
        "autoresponder", "out of office", "out of the office", "out-of-office", "vacation", "away from my", "on leave",
        "abwesenheit", "automatische antwort", "réponse automatique", "reponse automatique", "absence du bureau",
        "respuesta automática", "respuesta automatica", "fuera de la oficina", "risposta automatica", "fuori sede",
        "resposta automática", "automatisch antwoord", "autosvar", "自動返信", "自动回复", "automatické odpověď",
        "automatyczna",
    ]

    /// In the subject of a complaint that comes without a machine's part.
    static let complaintSubjects = [
        "complaint about message from", "abuse report", "spam complaint", "email feedback report",
        "feedback report for",
        "spam report", "abuse complaint", "complaint report", "fbl report", "[feedback loop]",
    ]
}
