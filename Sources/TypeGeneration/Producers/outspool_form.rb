# frozen_string_literal: true

require "date"
require_relative "outspool_address"
require_relative "outspool_mail"

module Outspool
  # Says why no mail can ever be made of a job, as far as the job alone tells. Everything raises a SubmitError.
  module Form
    IDENTIFIER = /\A[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}\z/
    FIELDS = %w[
      template params subject text html message to cc bcc from replyTo sender envelope dsn locale headers attachments
      priority sendAt expiresAt tags metadata
    ].freeze
    MOMENT = /\A(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(\.\d+)?
      (?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))\z/x
    CONTROL = /[\u0000-\u001f\u007f-\u009f]/
    CONTROL_BUT_TAB = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/
    PRINTABLE = /\A[ -~]*\z/

    class << self
      def check(job, now = Time.now)
        wrong("", "the job is #{Tree.type_name(job)}, not an object") unless job.is_a?(Hash)
        allow(job, FIELDS, "") { |name| name.start_with?("x-") }
        check_content(job)
        typed(job, "params", Hash, "an object")
        envelope = check_envelope_form(job)
        check_dsn(job)
        typed(job, "locale", String, "a string")
        typed(job, "headers", Hash, "an object")
        typed(job, "attachments", Array, "an array")
        priority = typed(job, "priority", String, "a string")
        wrong("/priority", "is not one of high, normal, bulk") unless [nil, "high", "normal", "bulk"].include?(priority)
        check_times(job, now)
        texts(job, "tags")
        typed(job, "metadata", Hash, "an object")
        check_mail(job, envelope)
      end

      def wrong(pointer, reason)
        raise SubmitError.new(:invalid, reason, pointer: pointer)
      end

      # A text in one line, shortened.
      def quote(text) = (text.length > 100 ? "#{text[0, 100]}…" : text).inspect

      # The member of that name; null counts as absent.
      def typed(object, name, type, wanted, prefix = "")
        value = object[name]
        return value if value.nil? || value.is_a?(type)

        wrong("#{prefix}/#{name}", "is #{Tree.type_name(value)}, not #{wanted}")
      end

      def allow(object, names, prefix)
        object.each_key do |name|
          next if names.include?(name) || (block_given? && yield(name))

          wrong("#{prefix}/#{Tree.token(name)}", "unknown field")
        end
      end

      def texts(object, name, prefix = "")
        list = typed(object, name, Array, "an array", prefix)
        list&.each_with_index do |value, index|
          next if value.is_a?(String)

          wrong("#{prefix}/#{name}/#{index}", "is #{Tree.type_name(value)}, not a string")
        end
      end

      private

      def check_content(job)
        template = typed(job, "template", String, "a string")
        subject, *bodies = %w[subject text html].map { |name| typed(job, name, String, "a string") }
        kinds = [template, subject || bodies.compact.first, job["message"]].compact.size
        wrong("", "neither template, nor subject with text or html, nor message") if kinds.zero?
        wrong("", "more than one of template, subject with text or html, and message") if kinds > 1
        if template && !template.match?(IDENTIFIER)
          wrong("/template", "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first")
        end
        return if template || job["message"]

        wrong("/subject", "missing beside text or html") unless subject
        wrong("", "a subject without text or html") if bodies.compact.empty?
      end

      def check_envelope_form(job)
        envelope = typed(job, "envelope", Hash, "an object")
        return unless envelope

        allow(envelope, %w[from to], "/envelope")
        typed(envelope, "from", String, "a string", "/envelope")
        to = texts(envelope, "to", "/envelope")
        wrong("/envelope/to", "no recipient") if envelope.key?("to") && (to.nil? || to.empty?)
        envelope
      end

      def check_dsn(job)
        dsn = typed(job, "dsn", Hash, "an object")
        return unless dsn

        allow(dsn, %w[notify return envelopeId], "/dsn")
        notify = texts(dsn, "notify", "/dsn")
        wrong("/dsn/notify", "is empty; leave it out instead") if notify&.empty?
        notify&.each_with_index do |word, index|
          next if %w[never success failure delay].include?(word)

          wrong("/dsn/notify/#{index}", "is not one of never, success, failure, delay")
        end
        if notify&.include?("never") && notify.uniq.size > 1
          wrong("/dsn/notify", "never cannot be combined with others")
        end
        extent = typed(dsn, "return", String, "a string", "/dsn")
        wrong("/dsn/return", "is not one of full, headers") unless [nil, "full", "headers"].include?(extent)
        id = typed(dsn, "envelopeId", String, "a string", "/dsn")
        return if id.nil? || (id.match?(PRINTABLE) && (id.size + (2 * id.count("+= "))).between?(1, 100))

        wrong("/dsn/envelopeId", "is not 1 to 100 characters of printable ASCII")
      end

      def check_times(job, now)
        send_at = time(job, "sendAt")
        expires_at = time(job, "expiresAt")
        return unless expires_at

        wrong("/expiresAt", "is not after sendAt: the job could only expire") if send_at && expires_at <= send_at
        wrong("/expiresAt", "is over: the job could only expire") if expires_at <= now
      end

      def time(job, name)
        if job.key?(name) && job[name].nil?
          wrong("/#{name}", "is null, not an RFC 3339 date-time; leave it out instead")
        end
        text = typed(job, name, String, "a string")
        return unless text

        match = MOMENT.match(text)
        unless match && Date.valid_date?(match[1].to_i, match[2].to_i, match[3].to_i, Date::GREGORIAN)
          wrong("/#{name}", "is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z")
        end
        offset = ((match[9].to_i * 60) + match[10].to_i) * (match[8] == "-" ? -60 : 60)
        year, month, day, hour, minute, second = match[1..6].map(&:to_i)
        Time.utc(year, month, day, hour, minute) + second + "0#{match[7]}".to_r - offset
      end

      # Judges the addresses, and what a mail is made of.
      def check_mail(job, envelope)
        recipients = %w[to cc bcc].sum { |name| addresses(job, name) }
        %w[from sender].each { |name| address(present(job, name), "/#{name}") if present(job, name) }
        addresses(job, "replyTo")
        check_envelope(envelope)
        has_recipients = recipients.positive? || !envelope.to_h["to"].nil?
        if job["message"]
          has_recipients = Letter.check_message(job, !has_recipients) || has_recipients
        else
          Letter.check_attachments(job)
          Letter.check_headers(job)
        end
        # A task has no recipient, and only its template tells that it is one.
        may_be_task = job["template"] && %w[to cc bcc].none? { |name| present(job, name) } && envelope.to_h["to"].nil?
        return if has_recipients || may_be_task

        wrong("", "no recipient: none of to, cc, bcc and envelope names one")
      end

      def check_envelope(envelope)
        return unless envelope

        from = envelope["from"]
        bare(from, "/envelope/from") unless [nil, "", "<>"].include?(from)
        envelope["to"]&.each_with_index { |text, index| bare(text, "/envelope/to/#{index}") }
      end

      # An empty text counts as absent, since forms send one.
      def present(job, name)
        value = job[name]
        value == "" ? nil : value
      end

      def addresses(job, name)
        value = present(job, name)
        return 0 if value.nil?
        return address(value, "/#{name}") && 1 unless value.is_a?(Array)

        value.each { |element| address(element, "/#{name}") }.size
      end

      def address(value, pointer)
        return AddressReader.mailbox(value) { |reason| wrong(pointer, "#{quote(value)}: #{reason}") } if value.is_a?(String)

        wrong(pointer, "is neither a string nor {\"name\":…,\"email\":…}") unless value.is_a?(Hash)
        value.each_key { |name| wrong(pointer, "unknown member #{quote(name)}") unless %w[name email].include?(name) }
        wrong(pointer, "\"email\" must be a string") unless value["email"].is_a?(String)
        name = value["name"]
        wrong(pointer, "\"name\" must be a string") unless name.nil? || name.is_a?(String)
        wrong(pointer, "a control character in the name") if name&.match?(CONTROL)
        bare(value["email"].gsub(/\A +| +\z/, ""), pointer)
      end

      def bare(text, pointer)
        AddressReader.bare(text) { |reason| wrong(pointer, "#{quote(text)}: #{reason}") }
      end
    end
  end
end
