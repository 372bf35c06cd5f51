using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Outspool.Templates;

namespace Outspool
{
    /// <summary>Submits what full.json has, through each method that submits.</summary>
    internal static class Full
    {
        private static void Expect(object found, object wanted)
        {
            if (!Equals(found, wanted)) throw new InvalidOperationException(found + ", not " + wanted);
        }

        internal static void Run(Spool spool)
        {
            var booking = new Booking("AB-1234", new BookingGuest("Zoë", "zoe@example.com"), 2)
            {
                Price = 9.75, Room = BookingRoom.Suite, Extras = new[] { "a", "b" },
                Party = new BookingPerson("a") { With = new[] { new BookingPerson("b") } }, ABC = true
            };
            spool.SubmitAsync(new Job(booking)
            {
                Id = "full", To = { "Zoë <zoe@example.com>", new Address("Q, Zoe", "q@example.com") },
                Cc = { "c@example.com" }, Bcc = { "d@example.com" }, From = "Shop <shop@example.com>",
                ReplyTo = { "r@example.com" }, Sender = "s@example.com", EnvelopeFrom = "bounce@example.com",
                EnvelopeTo = new[] { "zoe@example.com" },
                Dsn = new Dsn { Notify = new[] { "failure" }, Return = "headers", EnvelopeId = "e 1" }, Locale = "de-AT",
                Headers = { { "X-A", "b" } },
                Attachments =
                {
                    new Attachment
                    {
                        Filename = "a.txt", ContentType = "text/plain", Cid = "a", Content = new[] { (byte)'x' }
                    },
                    new Attachment { File = "b.pdf" }
                },
                Priority = Priority.High, SendAt = new DateTimeOffset(2099, 1, 2, 3, 4, 5, TimeSpan.Zero),
                ExpiresAt = new DateTimeOffset(2099, 2, 3, 4, 5, 6, TimeSpan.Zero), Tags = { "t" },
                Metadata = { { "order", 1042 } }
            }).Wait();
            var mail = new Job(new Mail("s") { Text = "t", Html = "<p>t" }) { To = { "a@b.example" }, Id = "mail" };
            var another = new Job(new Mail("another") { Text = "t" }) { To = { "a@b.example" }, Id = "mail" };
            using (var draft = spool.Prepare(mail)) Expect(draft.Id, "mail");
            using (var draft = spool.Prepare(mail)) draft.Publish();
            var bytes = Encoding.GetEncoding("iso-8859-1").GetBytes("From: a@b.example\n\n\u00e9");
            var results = spool.SubmitBatch(new[]
            {
                new Job(new Message("From: a@b.example\n\nhällo")) { To = { "a@b.example" }, Id = "message" },
                new Job(new Message(bytes)) { To = { "a@b.example" }, Id = "bytes" },
                new Job(new Mail("s") { Text = "t" }) { To = { "nobody" } }, mail, another
            });
            var told = results.Select(
                result => result.Error == null ? result.Id : result.Error.Reason + " " + result.Error.Pointer);
            Expect(string.Join(",", told), "message,bytes,Invalid /to,AlreadyQueued ,Invalid id");
            Expect(spool.Outcome("full").State, "new");
            Expect(spool.Outcome("full").Event, null);
            Expect(spool.Outcome("unknown"), null);
            KeepsInMemory(mail, another);
        }

        /// <summary>What a test of an application does.</summary>
        private static void KeepsInMemory(Job mail, Job another)
        {
            new Spool("memory:").Submit(mail);
            var spool = new Spool("memory:");
            var reasons = new List<SubmitReason>();
            foreach (var job in new[] { mail, another })
            {
                try
                {
                    spool.Submit(job);
                }
                catch (SubmitException error)
                {
                    reasons.Add(error.Reason);
                }
            }
            Expect(string.Join(",", reasons), "AlreadyQueued,Invalid");
            Expect(spool.Queued().Single().Job["subject"], "s");
            Expect(spool.Outcome("mail").State, "new");
            spool.Clear();
            Expect(spool.Queued().Count, 0);
        }
    }
}
