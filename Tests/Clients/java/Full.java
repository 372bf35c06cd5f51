package outspool;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Submits what full.json has, through each method that submits. */
final class Full {
    private Full() {}

    private static void expect(Object found, Object wanted) {
        if (!String.valueOf(found).equals(String.valueOf(wanted))) {
            throw new IllegalStateException(found + ", not " + wanted);
        }
    }

    static void run(Spool spool) {
        Templates.BookingPerson party =
            new Templates.BookingPerson("a").with(List.of(new Templates.BookingPerson("b")));
        Templates.Booking booking = new Templates.Booking(
            "AB-1234", new Templates.BookingGuest("Zoë", "zoe@example.com"), 2)
            .price(9.75).room(Templates.BookingRoom.SUITE).extras(List.of("a", "b")).party(party).aBC(true);
        spool.submit(
            new Job(booking).id("full").to("Zoë <zoe@example.com>").to(new Job.Address("Q, Zoe", "q@example.com"))
                .cc("c@example.com").bcc("d@example.com").from("Shop <shop@example.com>").replyTo("r@example.com")
                .sender("s@example.com").envelopeFrom("bounce@example.com").envelopeTo(List.of("zoe@example.com"))
                .dsnNotify("failure").dsnReturn("headers").dsnEnvelopeId("e 1").locale("de-AT").header("X-A", "b")
                .attach(
                    Job.Attachment.content(new byte[] {'x'}).filename("a.txt").contentType("text/plain").cid("a"),
                    Job.Attachment.file("b.pdf"))
                .priority(Job.Priority.HIGH).sendAt(Instant.parse("2099-01-02T03:04:05Z"))
                .expiresAt(Instant.parse("2099-02-03T04:05:06Z")).tags("t").metadata("order", 1042));
        Job mail = new Job(new Job.Mail("s").text("t").html("<p>t")).to("a@b.example").id("mail");
        Job another = new Job(new Job.Mail("another").text("t")).to("a@b.example").id("mail");
        try (Spool.Draft draft = spool.prepare(mail)) {
            expect(draft.id(), "mail");
        }
        try (Spool.Draft draft = spool.prepare(mail)) {
            draft.publish();
        }
        List<Object> told = new ArrayList<>();
        byte[] bytes = "From: a@b.example\n\n\u00e9".getBytes(StandardCharsets.ISO_8859_1);
        for (Spool.Result result : spool.submitBatch(List.of(
            new Job(new Job.Message("From: a@b.example\n\nhällo")).to("a@b.example").id("message"),
            new Job(new Job.Message(bytes)).to("a@b.example").id("bytes"),
            new Job(new Job.Mail("s").text("t")).to("nobody"), mail, another))) {
            told.add(result.error() == null ? result.id() : result.error().reason() + " " + result.error().pointer());
        }
        expect(told, List.of("message", "bytes", "invalid /to", "alreadyQueued null", "invalid id"));
        expect(spool.outcome("full"), new Spool.Outcome("new", null));
        expect(spool.outcome("unknown"), null);
        keepsInMemory(mail, another);
    }

    /** What a test of an application does. */
    private static void keepsInMemory(Job mail, Job another) {
        new Spool("memory:").submit(mail);
        Spool spool = new Spool("memory:");
        List<Object> reasons = new ArrayList<>();
        for (Job job : List.of(mail, another)) {
            try {
                reasons.add(spool.submit(job));
            } catch (SubmitException error) {
                reasons.add(error.reason());
            }
        }
        expect(reasons, List.of("alreadyQueued", "invalid"));
        expect(spool.queued().size(), 1);
        expect(spool.queued().get(0).job().get("subject"), "s");
        expect(spool.outcome("mail").state(), "new");
        spool.clear();
        expect(spool.queued(), List.of());
    }
}
