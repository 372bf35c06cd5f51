# frozen_string_literal: true

# A mail of Action Mailer with a Bcc and an attachment, one under an id of its own, and one that cannot be sent.

require "json"
require "action_mailer"
require_relative "outspool_actionmailer"

class ShopMailer < ActionMailer::Base
  default from: "Shop <shop@example.com>"

  def shipped(to, **fields)
    attachments["a.txt"] = "x"
    mail(to: to, subject: "Grüße", **fields) do |format|
      format.text { render plain: "t" }
      format.html { render html: "<p>t".html_safe }
    end
  end
end

def expect(found, wanted)
  raise "#{found.inspect}, not #{wanted.inspect}" unless found == wanted
end

ActionMailer::Base.delivery_method = :outspool
ActionMailer::Base.outspool_settings = { priority: "high" }
ActionMailer::Base.logger = nil

sent = ShopMailer.shipped("Zoë <zoe@example.com>", bcc: "b@example.com").deliver_now
id = sent["X-Outspool-Id"].value
ids = Dir.children("#{ENV.fetch('OUTSPOOL_SPOOL')}/new")
expect(ids, [id])
job = JSON.parse(File.read("#{ENV.fetch('OUTSPOOL_SPOOL')}/new/#{id}"))
expect(job["envelope"], { "from" => "shop@example.com", "to" => ["zoe@example.com", "b@example.com"] })
expect(job["priority"], "high")
expect([job["message"].include?("a.txt"), job["message"].include?("b@example.com")], [true, false])
expect(job["message"].include?("X-Outspool-Id"), false)

2.times do
  ShopMailer.shipped("zoe@example.com", "X-Outspool-Id": "once", date: Time.at(0), "Message-ID": "<a@b.example>").deliver_now
rescue Outspool::SubmitError => e
  raise unless %i[already_queued invalid].include?(e.reason)
end
expect(Dir.children("#{ENV.fetch('OUTSPOOL_SPOOL')}/new").sort, [id, "once"].sort)

begin
  ShopMailer.shipped("zoe@example.com", from: "shop@example.com", "X-Outspool-Id": "not/one").deliver_now
  raise "it is queued"
rescue Outspool::SubmitError => e
  expect([e.reason, e.pointer], [:invalid, "id"])
end

ActionMailer::Base.outspool_settings = { path: "memory:" }
ShopMailer.shipped("zoe@example.com").deliver_now
expect(Outspool::Spool.new("memory:").queued.size, 1)
