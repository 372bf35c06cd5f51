# frozen_string_literal: true

require "date"
require "ipaddr"

module Outspool
  # Holds parameters against the schema of their template, as the daemon does. What a schema says in a way that this
  # language cannot is left to the daemon. No message has a value: it may be a secret.
  class Schema
    Fault = Struct.new(:pointer, :reason)
    BOUNDS = {
      "minimum" => ["a number of at least", :>=], "exclusiveMinimum" => ["a number above", :>],
      "maximum" => ["a number of at most", :<=], "exclusiveMaximum" => ["a number below", :<]
    }.freeze
    private_constant :Fault, :BOUNDS

    # Raises for the first place at which the parameters do not fit.
    def self.check(schema, params)
      root = JSON.parse(schema)
      fault = new(root).check(root, params, "/params")
      Form.wrong(fault.pointer, fault.reason) if fault
    end

    def initialize(root)
      @root = root
      @depth = 0
      # In steps, so that no value and no schema costs more than a moment.
      @work = 0
    end

    # The first fault, or nil.
    def check(schema, value, place)
      return if schema == true
      return Fault.new(place, "expected nothing") if schema == false

      @work += 1
      return if @depth > 600 || @work > 5_000_000

      @depth += 1
      begin
        kind_fault(schema, value, place) || inside(schema, value, place) || combined(schema, value, place)
      ensure
        @depth -= 1
      end
    end

    private

    def expected(place, wanted) = Fault.new(place, "expected #{wanted}")

    def kind_fault(schema, value, place)
      kinds = Array(schema["type"])
      if kinds.any? && kinds.none? { |kind| kind?(kind, value) }
        return expected(place, kinds.map { |kind| worded(kind) }.join(" or "))
      end

      values = schema["enum"]
      if values && values.none? { |own| equal?(own, value) }
        return expected(place, "one of #{values.map { |own| JSON.generate(own) }.join(', ')}")
      end
      return unless schema.key?("const") && !equal?(schema["const"], value)

      expected(place, JSON.generate(schema["const"]))
    end

    def worded(kind)
      return kind if kind == "null"

      kind.match?(/\A[aio]/) ? "an #{kind}" : "a #{kind}"
    end

    def kind?(kind, value)
      case kind
      when "null" then value.nil?
      when "boolean" then [true, false].include?(value)
      when "integer" then value.is_a?(Numeric) && (exact(value) % 1).zero?
      when "number" then value.is_a?(Numeric)
      when "string" then value.is_a?(String)
      when "array" then value.is_a?(Array)
      when "object" then value.is_a?(Hash)
      end
    end

    # 1 and 1.0 are one number, and no text is a number.
    def equal?(own, value) = own == value

    def exact(number) = number.is_a?(Float) ? number.to_s.to_r : number.to_r

    def inside(schema, value, place)
      case value
      when Numeric then number(schema, exact(value), place)
      when String then text(schema, value, place)
      when Array then list(schema, value, place)
      when Hash then members(schema, value, place)
      end
    end

    def number(schema, value, place)
      BOUNDS.each do |name, (wanted, relation)|
        limit = schema[name]
        return expected(place, "#{wanted} #{limit}") if limit && !value.public_send(relation, exact(limit))
      end
      divisor = schema["multipleOf"]
      return unless divisor && !(value % exact(divisor)).zero?

      expected(place, "a multiple of #{divisor}")
    end

    def count(schema, least, most, noun, count, place)
      return expected(place, "at least #{schema[least]} #{noun}") if schema[least] && count < schema[least]

      expected(place, "at most #{schema[most]} #{noun}") if schema[most] && count > schema[most]
    end

    def text(schema, value, place)
      fault = count(schema, "minLength", "maxLength", "characters", value.length, place)
      return fault if fault

      format = schema["format"]
      return expected(place, "a #{format}") if format && !Formats.fits?(format, value)

      pattern = schema["pattern"]
      return unless pattern && !Patterns.matches?(pattern, value)

      expected(place, "a string that matches #{pattern}")
    end

    def list(schema, value, place)
      fault = count(schema, "minItems", "maxItems", "elements", value.size, place)
      return fault if fault
      if schema["uniqueItems"] && value.each_with_index.any? { |own, index| value.index { |it| equal?(it, own) } < index }
        return expected(place, "elements that all differ")
      end
      return unless schema.key?("items")

      value.each_with_index do |element, index|
        fault = check(schema["items"], element, "#{place}/#{index}")
        return fault if fault
      end
      nil
    end

    def members(schema, value, place)
      fault = count(schema, "minProperties", "maxProperties", "properties", value.size, place)
      return fault if fault

      missing = (schema["required"] || []).find { |name| !value.key?(name) }
      return expected(place, "a property #{Form.quote(missing)}") if missing

      declared = schema["properties"] || {}
      value.each do |name, member|
        inner = "#{place}/#{Tree.token(name)}"
        rule = declared.fetch(name) { schema.fetch("additionalProperties", true) }
        return expected(inner, "no property of this name") if rule == false && !declared.key?(name)

        fault = check(rule, member, inner)
        return fault if fault
      end
      nil
    end

    def combined(schema, value, place)
      target = schema["$ref"] && resolve(schema["$ref"])
      [target, *schema["allOf"]].each do |part|
        fault = part.nil? ? nil : check(part, value, place)
        return fault if fault
      end
      alternatives(schema["anyOf"], value, place, false) || alternatives(schema["oneOf"], value, place, true)
    end

    # Blames the alternative that came furthest into the value.
    def alternatives(options, value, place, is_one)
      return unless options

      faults = options.map { |option| check(option, value, place) }
      hits = faults.count(nil)
      return expected(place, "a value that fits only one of #{options.size} alternatives") if is_one && hits > 1
      return if hits.positive?

      deepest = faults.max_by { |fault| fault.pointer.count("/") }
      return deepest if deepest.pointer != place

      Fault.new(place, "expected #{faults.map { |fault| fault.reason.delete_prefix('expected ') }.uniq.first(4).join(', or ')}")
    end

    def resolve(reference)
      return unless reference.start_with?("#")

      reference.split("/").drop(1).reduce(@root) do |found, name|
        name = name.gsub(/%(\h\h)/) { Regexp.last_match(1).hex.chr }.gsub("~1", "/").gsub("~0", "~")
        return nil unless found.is_a?(Hash) || found.is_a?(Array)

        found.is_a?(Array) ? found[Integer(name)] : found[name]
      end
    end
  end

  # Patterns of ECMA-262 in the syntax of Ruby.
  module Patterns
    CLASSES = { "d" => "0-9", "w" => "A-Za-z0-9_", "s" => "\\t-\\r \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff" }.freeze

    # True also for a pattern that this language cannot say.
    def self.matches?(source, text)
      @known ||= {}
      @known[source] ||= Regexp.new(translated(source))
      @known[source].match?(text)
    rescue RegexpError
      true
    end

    def self.translated(source)
      in_class = false
      source.gsub(/\\u\{\h+\}|\\u\h{4}|\\[A-Za-z]|\\.|[\[\]^$.]/m) do |part|
        case part
        when "[", "]"
          was_in_class = in_class
          in_class = part == "["
          was_in_class && part == "[" ? "\\[" : part
        when "^" then in_class ? part : "\\A"
        when "$" then in_class ? part : "\\z"
        when "." then in_class ? part : "[^\\n\\r\\u2028\\u2029]"
        when "\\d", "\\w", "\\s" then in_class ? CLASSES[part[1]] : "[#{CLASSES[part[1]]}]"
        when "\\D", "\\W", "\\S" then "[^#{CLASSES[part[1].downcase]}]"
        else part
        end
      end
    end
    private_class_method :translated
  end

  # The values of `format` that the daemon asserts.
  module Formats
    LABEL = /[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?/
    WIDE = /[A-Za-z0-9[^\u0000-\u007f]](?:[A-Za-z0-9\-[^\u0000-\u007f]]*[A-Za-z0-9[^\u0000-\u007f]])?/
    BYTE = /(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)/
    ATOMS = %r{[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+}
    WIDE_ATOMS = %r{[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~[^\u0000-\u007f]]+}
    PLAIN = /[A-Za-z0-9._~!$&'()*+,;=-]|%\h\h/
    DAYS = /(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)/
    UNITS = /(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)/
    TIME = /\A([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.\d+)?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))\z/
    PATTERNS = {
      "duration" => /\AP(?:\d+W|#{DAYS}(?:T#{UNITS})?|T#{UNITS})\z/,
      "hostname" => /\A(?=.{1,253}\z)#{LABEL}(?:\.#{LABEL})*\z/,
      "ipv4" => /\A#{BYTE}(?:\.#{BYTE}){3}\z/,
      "uuid" => /\A\h{8}(?:-\h{4}){3}-\h{12}\z/,
      "uri" => %r{\A[A-Za-z][A-Za-z0-9+.-]*:
        (?://(?:(?:#{PLAIN}|:)*@)?(?:\[(?<literal>[0-9A-Fa-f:.]+)\]|(?:#{PLAIN})*)(?::\d*)?(?:/(?:#{PLAIN}|[:@/])*)?
        |(?!//)(?:#{PLAIN}|[:@/])*)(?:\?(?:#{PLAIN}|[:@/?])*)?(?:\#(?:#{PLAIN}|[:@/?])*)?\z}x
    }.freeze

    class << self
      def fits?(format, text)
        case format
        when "date" then date?(text)
        when "time" then time?(text)
        when "date-time" then text.match?(/\A.{10}[Tt]/) && date?(text[0, 10]) && time?(text[11..])
        when "ipv6" then ipv6?(text)
        when "uri" then uri?(text)
        when "email" then text.ascii_only? && mailbox?(text)
        when "idn-email" then mailbox?(text)
        else !PATTERNS.key?(format) || text.match?(PATTERNS[format])
        end
      end

      def ipv6?(text)
        return false unless text.match?(/\A[0-9A-Fa-f:.]{2,45}\z/) && text.include?(":")

        IPAddr.new(text).ipv6?
      rescue IPAddr::Error
        false
      end

      private

      def date?(text)
        match = /\A(\d{4})-(\d\d)-(\d\d)\z/.match(text)
        !match.nil? && Date.valid_date?(match[1].to_i, match[2].to_i, match[3].to_i, Date::GREGORIAN)
      end

      def uri?(text)
        match = PATTERNS["uri"].match(text)
        !match.nil? && (match[:literal].nil? || ipv6?(match[:literal]))
      end

      def time?(text)
        match = TIME.match(text)
        return false unless match
        return true if match[3] < "60"

        # A leap second ends a day in UTC.
        offset = ((match[5].to_i * 60) + match[6].to_i) * (match[4] == "-" ? -1 : 1)
        ((match[1].to_i * 60) + match[2].to_i - offset) % 1440 == 1439
      end

      def mailbox?(text)
        local, at, domain = text.rpartition("@")
        return false if at.empty? || text.bytesize > 254 || !local.bytesize.between?(1, 64)
        return false unless local.match?(/\A#{WIDE_ATOMS}(?:\.#{WIDE_ATOMS})*\z/o) ||
                            local.match?(/\A"(?:[ !#-\[\]-~[^\u0000-\u007f]]|\\[ -~])*"\z/)

        if domain.start_with?("[")
          inner = domain[1..-2]
          return domain.end_with?("]") && (inner.start_with?("IPv6:") ? ipv6?(inner[5..]) : fits?("ipv4", inner))
        end
        fits?("hostname", domain) || domain.match?(/\A#{WIDE}(?:\.#{WIDE})*\z/o)
      end
    end
  end
end
