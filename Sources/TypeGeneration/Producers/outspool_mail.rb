# frozen_string_literal: true

module Outspool
  # Judges what a mail is made of, as the daemon does.
  module Letter
    TOKEN = /[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+/
    # The most bytes that a job's attachments have together.
    ATTACHMENT_LIMIT = 64 << 20
    # The longest word of a header field that fits into a line, RFC 5322, section 2.1.1.
    LONGEST_WORD = 930
    LINE_LIMIT = 998
    OWN_FIELDS = {
      "from" => "from", "sender" => "sender", "reply-to" => "replyTo", "to" => "to", "cc" => "cc", "bcc" => "bcc",
      "subject" => "subject", "date" => "set when the mail is sent", "message-id" => "made from the id of the job"
    }.freeze
    REFUSED = /\A(?:(?:return-path|received|mime-version|content-length|delivered-to|authentication-results)\z|
      content-|mime-|dkim-|domainkey-|arc-|resent-|received-)/x
    UNIQUE = /\A(?:(?:in-reply-to|references|auto-submitted)\z|list-)/
    IDENTIFYING = /\A(?:(?:in-reply-to|references|archived-at|original-message-id|x-original-message-id|errors-to|
      supersedes|feedback-id)\z|list-)/x
    TAG = %r{<!--.*?(?:--!?>|\z)|<[!?][^>]*>?|<(/?)([A-Za-z][^\s/>]*)((?:[^"'>]|"[^"]*"|'[^']*')*)>}m
    ATTRIBUTE = %r{([^\s/>="'][^\s/>=]*)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)}
    RESOURCES = %w[src background href style srcset poster data xlink:href].freeze
    INVISIBLE = %w[script style title template noembed noframes textarea iframe].freeze
    REFERENCE = /(?:\A|[\u0000-\u0020"'(=,;])cid:([^\u0000-\u0020"'()<>,;&#?]+)/i

    class << self
      # The subject and the further header fields.
      def check_headers(job)
        Form.wrong("/subject", "a control character") if job["subject"]&.match?(Form::CONTROL_BUT_TAB)
        seen = []
        job["headers"]&.each do |name, value|
          unless value.is_a?(String)
            Form.wrong("/headers/#{Tree.token(name)}", "is #{Tree.type_name(value)}, not a string")
          end
          lower = name.downcase
          reason = header_fault(name, lower, value)
          reason ||= "twice" if lower.match?(UNIQUE) && seen.include?(lower)
          Form.wrong("/headers", "#{Form.quote(name)}: #{reason}") if reason
          seen << lower
        end
      end

      def check_attachments(job)
        files = job["attachments"] || []
        total = 0
        files.each_with_index do |file, index|
          pointer = "/attachments/#{index}"
          Form.wrong(pointer, "is #{Tree.type_name(file)}, not an object") unless file.is_a?(Hash)
          total += check_attachment(file, pointer)
          Form.wrong("/attachments", "more than #{ATTACHMENT_LIMIT} bytes") if total > ATTACHMENT_LIMIT
        end
        ids = files.map { |file| file["cid"] }
        ids.each_with_index do |cid, index|
          next if cid.nil? || ids.index(cid) == index

          Form.wrong("/attachments/#{index}/cid", "#{Form.quote(cid)} is the cid of another attachment")
        end
        missing = content_ids(job["html"].to_s) - ids
        return if missing.empty?

        Form.wrong("/attachments", "none has the cid #{Form.quote(missing.first)} that the HTML shows")
      end

      # A whole message. Tells whether its header names a recipient, if that is asked.
      def check_message(job, needs_recipients)
        source = message_source(job["message"])
        { "attachments" => job["attachments"], "headers" => job["headers"], "replyTo" => job["replyTo"],
          "sender" => job["sender"] }.each do |name, value|
          next if value.nil? || value.empty?

          Form.wrong("/#{name}", "cannot be combined with message, which is the whole mail")
        end
        fields = read_header(source)
        needs_recipients && fields.sum { |field| recipients(field) }.positive?
      end

      # Takes line ends, and padding that is missing; nil if it is not base64.
      def decode(text)
        text = text.delete("\r\n")
        bare = text.sub(/=*\z/, "")
        padding = text.size - bare.size
        missing = -bare.size % 4
        return unless bare.match?(%r{\A[A-Za-z0-9+/]*\z}) && missing < 3 && (padding.zero? || padding == missing)

        bare.unpack1("m")
      end

      private

      def header_fault(name, lower, value)
        return "a name is up to 60 printable characters without ':'" unless name.match?(/\A[!-9;-~]{1,60}\z/)
        return "has a field of its own, #{OWN_FIELDS[lower]}" if OWN_FIELDS.key?(lower)
        return "cannot be set, it describes how the message is built or travels" if lower.match?(REFUSED)
        return "a control character in the value" if value.match?(Form::CONTROL_BUT_TAB)

        ids = lower == "list-id" ? value.sub(/\A[^<]*/, "") : value
        if lower.match?(IDENTIFYING) && !ids.ascii_only?
          return "a character that is not ASCII, which ids and URIs have to encode"
        end
        return if value.split(/[ \t]/).none? { |word| word.size > LONGEST_WORD && word.ascii_only? }

        "more than #{LONGEST_WORD} characters without a space"
      end

      def check_attachment(file, pointer)
        Form.allow(file, %w[filename contentType cid content file], pointer)
        name, type, cid, content, source = %w[filename contentType cid content file].map do |member|
          Form.typed(file, member, String, "a string", pointer)
        end
        Form.wrong(pointer, "either content or file") if content.nil? == source.nil?
        if source && (source.empty? || source.start_with?(".") || source.match?(%r{[/\0]}))
          Form.wrong("#{pointer}/file", "is not a plain file name")
        end
        bytes = content ? decode(content) : ""
        Form.wrong("#{pointer}/content", "is not base64") unless bytes
        reason = name_fault(name || source || "") || cid_fault(cid) || type_fault(type, bytes)
        Form.wrong(pointer, reason) if reason
        bytes.bytesize
      end

      def name_fault(name)
        return "a control character in the file name" if name.match?(Form::CONTROL)

        "a file name of more than 1024 octets" if name.bytesize > 1024
      end

      def cid_fault(cid)
        return if cid.nil? || cid.match?(/\A[!-;=?-~]{1,250}\z/)

        "a cid must be up to 250 printable ASCII characters without spaces and angles"
      end

      def type_fault(text, content)
        return unless text

        match = /\A *(#{TOKEN})\/(#{TOKEN}) */o.match(text)
        names = match && parameters(match.post_match)
        unless names && names.uniq == names && text.size <= 500 && text.match?(Form::PRINTABLE)
          return "#{Form.quote(text)} is not a content type"
        end

        kind = match[1].downcase
        full = "#{kind}/#{match[2].downcase}"
        if kind == "multipart" || %w[message/partial message/external-body].include?(full)
          return "#{full} cannot be attached"
        end
        return unless full == "message/rfc822"
        return "an attached message with a NUL in it" if content.include?("\0")
        return if content.b.split(/[\r\n]/n).none? { |line| line.size > LINE_LIMIT }

        "an attached message with a line of more than #{LINE_LIMIT} octets"
      end

      # The names in lower case; nil if these are not parameters.
      def parameters(rest)
        names = []
        until rest.empty?
          match = /\A; *(?:(#{TOKEN})=(?:#{TOKEN}|"(?:[^"\\]|\\.)*") *|\z)/o.match(rest)
          return unless match

          names << match[1].downcase if match[1]
          rest = match.post_match
        end
        names
      end

      # The parts of its own message that HTML refers to, as in src="cid:logo".
      def content_ids(html)
        return [] unless html.match?(/cid:/i)

        found = []
        scanner = StringScanner.new(html)
        while scanner.scan_until(TAG)
          name = scanner[2]&.downcase
          next found.concat(references(scanner[0])) unless name

          scanner[3].scan(ATTRIBUTE) do |attribute, value|
            found.concat(references(value.gsub(/\A["']|["']\z/, ""))) if RESOURCES.include?(attribute.downcase)
          end
          next if scanner[1] == "/" || !INVISIBLE.include?(name)

          inside = scanner.scan_until(%r{(?=</#{name})}i) || scanner.scan(/.*/m)
          found.concat(references(inside)) if name == "style"
        end
        found
      end

      def references(text)
        text.scan(REFERENCE).filter_map do |(name)|
          next if name.match?(/%(?!\h\h)/)

          plain = name.b.gsub(/%(\h\h)/n) { Regexp.last_match(1).hex.chr }.force_encoding("UTF-8")
          plain if plain.valid_encoding?
        end
      end

      def message_source(message)
        return message if message.is_a?(String)

        is_encoded = message.is_a?(Hash) && message.keys == ["base64"] && message["base64"].is_a?(String)
        Form.wrong("/message", "is neither a string nor {\"base64\": \"…\"}") unless is_encoded
        decode(message["base64"]) || Form.wrong("/message/base64", "is not base64")
      end

      # The fields of the header, unfolded.
      def read_header(source)
        lines = source.b.gsub(/\r\n?/n, "\n").split("\n", -1)
        nul = lines.index { |line| line.include?("\0") }
        Form.wrong("/message", "line #{nul + 1}: a NUL") if nul
        fields = []
        lines.each_with_index do |line, index|
          next if index.zero? && line.match?(/\A>?From [ \t]*[^ \t:]/n)

          if fields.any? && line.match?(/\A[ \t]/n)
            fields.last << line
          elsif line.match?(/\A[!-9;-~]+[ \t]*:/n)
            fields << line.dup
          elsif line.empty? || fields.empty?
            break
          else
            Form.wrong("/message", "line #{index + 1}: neither a header field nor the continuation of one")
          end
        end
        fields
      end

      def recipients(field)
        name, value = field.split(":", 2)
        return 0 unless name.rstrip.match?(/\A(?:to|cc|bcc)\z/i)

        value = value.gsub(/\A[ \t]+|[ \t]+\z/n, "").force_encoding("UTF-8")
        Form.wrong("/message", "#{name}: not valid UTF-8") unless value.valid_encoding?
        AddressReader.list(value) { |reason| Form.wrong("/message", "#{name}: #{Form.quote(value)}: #{reason}") }
      end
    end
  end
end
