# frozen_string_literal: true

# Action Mailer's mail, queued in an Outspool spool: config.action_mailer.delivery_method = :outspool, with the options of
# Outspool::Spool#submit in outspool_settings, and path. It needs the producer beside it: outspool types --lang ruby. With
# OUTSPOOL_SPOOL=memory: nothing is sent.

require "active_support/lazy_load_hooks"
require_relative "outspool"

module Outspool
  # Returns from deliver! when the mail is on disk; no connection is opened. The field
  # X-Outspool-Id has the job's id: chosen by the application, and set behind the delivery.
  class ActionMailerDelivery
    attr_accessor :settings

    def initialize(settings)
      @settings = { path: nil }.merge(settings)
    end

    def deliver!(mail)
      options = settings.except(:path)
      id = mail["X-Outspool-Id"]&.value
      mail.header.fields.delete_if { |field| field.name.casecmp?("X-Outspool-Id") }
      job = Spool.new(settings[:path]).submit(
        Message.new(mail.encoded), envelope_from: mail.smtp_envelope_from, envelope_to: mail.smtp_envelope_to, id: id,
        **options)
      mail["X-Outspool-Id"] = job
    end
  end
end

ActiveSupport.on_load(:action_mailer) { add_delivery_method :outspool, Outspool::ActionMailerDelivery }
