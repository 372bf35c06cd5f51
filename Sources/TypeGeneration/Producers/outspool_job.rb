# frozen_string_literal: true

module Outspool
  # A template that has no type here; params become an object.
  class Template
    def initialize(name, params = nil)
      @name = name
      @params = params
    end

    # The fields of the job that say what is sent.
    def fields
      @params.nil? ? { "template" => @name } : { "template" => @name, "params" => @params }
    end
  end

  # A mail without a template. At least one of text and html; from HTML alone, the text is made.
  class Mail
    def initialize(subject:, text: nil, html: nil)
      @subject = subject
      @text = text
      @html = html
    end

    def fields = { "subject" => @subject, "text" => @text, "html" => @html }.compact
  end

  # A whole message (RFC 5322), header and body.
  class Message
    def initialize(source)
      @source = source
    end

    def fields
      text = @source.dup.force_encoding(Encoding::UTF_8)
      { "message" => text.valid_encoding? ? text : { "base64" => [@source].pack("m0") } }
    end
  end

  # A file that goes with the mail: its content, or the name of a file in the daemon's attachments_directory.
  class Attachment
    def initialize(content: nil, file: nil, filename: nil, content_type: nil, cid: nil)
      @members = {
        "filename" => filename, "contentType" => content_type, "cid" => cid,
        "content" => content && [content].pack("m0"), "file" => file
      }.compact
    end

    def to_outspool = @members
  end

  # The parameters of one template, or an object in them: what `outspool types` makes.
  class Params
    # The object as JSON has it; a member that is nil and need not be there is left out.
    def to_outspool
      members = self.class::MEMBERS.each_with_object({}) do |(attribute, name, is_required), found|
        value = instance_variable_get(:"@#{attribute}")
        found[name] = value if is_required || !value.nil?
      end
      members.merge(@additional || {}) { |_, own, _| own }
    end
  end

  # The parameters of one template.
  class TypedJob < Params
    def fields = { "template" => self.class::TEMPLATE, "params" => to_outspool }
  end

  # The job object of spool(5). An address is "zoe@example.com", "Zoë <zoe@example.com>" or
  # { name: "Zoë", email: "zoe@example.com" }; several are an array. A time is a Time or a DateTime. dsn has the members
  # notify, return and envelopeId. What is nil or empty is not written.
  def self.job_object(
    content, to: nil, cc: nil, bcc: nil, from: nil, reply_to: nil, sender: nil, envelope_from: nil, envelope_to: nil,
    dsn: nil, locale: nil, headers: nil, attachments: nil, priority: nil, send_at: nil, expires_at: nil, tags: nil,
    metadata: nil
  )
    envelope = { "from" => envelope_from, "to" => envelope_to }.compact
    options = {
      "to" => to, "cc" => cc, "bcc" => bcc, "from" => from, "replyTo" => reply_to, "sender" => sender,
      "envelope" => envelope, "dsn" => dsn, "locale" => locale, "headers" => headers, "attachments" => attachments,
      "priority" => priority, "sendAt" => moment("sendAt", send_at), "expiresAt" => moment("expiresAt", expires_at),
      "tags" => tags, "metadata" => metadata
    }
    content.fields.merge(options.reject { |name, value| value.nil? || (name != "dsn" && value.empty?) })
  end

  def self.moment(name, value)
    return if value.nil?

    value = value.to_time if value.respond_to?(:to_time)
    unless value.is_a?(Time) && value.year.between?(1, 9999)
      raise SubmitError.new(:invalid, "is not a time", pointer: "/#{name}")
    end

    value.utc? ? value.iso8601(3) : value.getutc.iso8601(3)
  end
  private_class_method :moment

  # Values of JSON as Ruby has them: hashes with names, arrays, texts, numbers, true, false and nil.
  module Tree
    DEPTH = 100

    # Makes a tree of a value; raises for what JSON cannot say.
    def self.of(value, pointer, depth = 0)
      value = value.to_outspool if value.respond_to?(:to_outspool)
      raise SubmitError.new(:invalid, "nested more than #{DEPTH} deep", pointer: pointer) if depth > DEPTH

      case value
      when nil, true, false, Integer then value
      when Float
        value.finite? ? value : raise(SubmitError.new(:invalid, "#{value} is not a number of JSON", pointer: pointer))
      when String, Symbol then text_of(value, pointer)
      when Hash then members_of(value, pointer, depth)
      when Array
        value.each_with_index.map { |element, index| of(element, "#{pointer}/#{index}", depth + 1) }
      else
        raise SubmitError.new(:invalid, "a #{value.class} cannot be encoded", pointer: pointer)
      end
    end

    def self.text_of(value, pointer)
      text = value.to_s
      text = text.encoding == Encoding::BINARY ? text.dup.force_encoding("UTF-8") : text.encode("UTF-8")
      return text if text.valid_encoding?

      raise SubmitError.new(:invalid, "a text that is not valid UTF-8", pointer: pointer)
    rescue EncodingError => e
      raise SubmitError.new(:invalid, e.message, pointer: pointer)
    end

    def self.members_of(value, pointer, depth)
      value.each_with_object({}) do |(name, member), members|
        name = text_of(name, pointer)
        members[name] = of(member, "#{pointer}/#{token(name)}", depth + 1)
      end
    end
    private_class_method :text_of, :members_of

    def self.text(tree) = JSON.generate(tree, max_nesting: DEPTH + 1)

    # Escapes a name for a JSON pointer (RFC 6901).
    def self.token(name) = name.gsub("~", "~0").gsub("/", "~1")

    # Tells whether two values are one: members in any order, numbers as they are written. A mask in the first, if there is
    # one, stands for anything.
    def self.same?(value, other, mask = nil)
      return true if mask && value == mask

      case value
      when Hash
        other.is_a?(Hash) && value.size == other.size &&
          value.all? { |name, member| other.key?(name) && same?(member, other[name], mask) }
      when Array
        other.is_a?(Array) && value.size == other.size &&
          value.zip(other).all? { |own, theirs| same?(own, theirs, mask) }
      else value.eql?(other)
      end
    end

    def self.type_name(value)
      case value
      when nil then "null"
      when true, false then "a boolean"
      when Numeric then "a number"
      when String then "a string"
      when Array then "an array"
      else "an object"
      end
    end
  end
end
