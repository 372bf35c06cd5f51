# frozen_string_literal: true

def expect(found, wanted)
  raise "#{found.inspect}, not #{wanted.inspect}" unless found == wanted
end

# Submits what full.json has, through each method that submits.
def full(spool)
  spool.submit(
    Outspool::Booking.new(
      reference: "AB-1234", guest: Outspool::BookingGuest.new(name: "Zoë", email: "zoe@example.com"), nights: 2,
      price: 9.75, room: "suite", extras: %w[a b],
      party: Outspool::BookingPerson.new(name: "a", with: [Outspool::BookingPerson.new(name: "b")]), a_b_c: true
    ),
    to: ["Zoë <zoe@example.com>", { name: "Q, Zoe", email: "q@example.com" }], cc: "c@example.com",
    bcc: "d@example.com", from: "Shop <shop@example.com>", reply_to: "r@example.com", sender: "s@example.com",
    envelope_from: "bounce@example.com", envelope_to: ["zoe@example.com"],
    dsn: { notify: ["failure"], return: "headers", envelopeId: "e 1" }, locale: "de-AT", headers: { "X-A" => "b" },
    attachments: [
      Outspool::Attachment.new(content: "x", filename: "a.txt", content_type: "text/plain", cid: "a"),
      Outspool::Attachment.new(file: "b.pdf")
    ],
    priority: :high, send_at: Time.utc(2099, 1, 2, 3, 4, 5), expires_at: DateTime.new(2099, 2, 3, 4, 5, 6),
    tags: ["t"], metadata: { order: 1042 }, id: "full"
  )
  mail = Outspool::Mail.new(subject: "s", text: "t", html: "<p>t")
  another = Outspool::Mail.new(subject: "another", text: "t")
  spool.prepare(mail, to: "a@b.example", id: "mail") { |draft| expect(draft.id, "mail") }
  spool.prepare(mail, to: "a@b.example", id: "mail", &:publish)
  batch(spool, mail, another)
  outcome = spool.outcome("full")
  expect([outcome.state, outcome.event], ["new", nil])
  expect(spool.outcome("unknown"), nil)
  keeps_in_memory(mail, another)
end

def batch(spool, mail, another)
  results = spool.submit_batch(
    [
      Outspool::Submission.new(Outspool::Message.new("From: a@b.example\n\nhällo"), to: "a@b.example", id: "message"),
      Outspool::Submission.new(Outspool::Message.new("From: a@b.example\n\n\xE9"), to: "a@b.example", id: "bytes"),
      Outspool::Submission.new(mail, to: "nobody"),
      Outspool::Submission.new(mail, to: "a@b.example", id: "mail"),
      Outspool::Submission.new(another, to: "a@b.example", id: "mail")
    ]
  )
  told = results.map { |result| result.is_a?(String) ? result : [result.reason, result.pointer] }
  expect(told, ["message", "bytes", [:invalid, "/to"], [:already_queued, nil], [:invalid, "id"]])
end

# What a test of an application does.
def keeps_in_memory(mail, another)
  Outspool::Spool.new("memory:").submit(mail, to: "a@b.example", id: "mail")
  spool = Outspool::Spool.new("memory:")
  reasons = [mail, another].map do |content|
    spool.submit(content, to: "a@b.example", id: "mail")
  rescue Outspool::SubmitError => e
    e.reason
  end
  expect(reasons, %i[already_queued invalid])
  expect(spool.queued.map { |queued| [queued.id, queued.job["subject"]] }, [%w[mail s]])
  expect(spool.outcome("mail").state, "new")
  spool.clear
  expect(spool.queued, [])
end
