# frozen_string_literal: true

require "ipaddr"
require "strscan"

module Outspool
  # Reads mailboxes, groups and comments from left to right: RFC 5322, section 3.4, with the UTF-8 of RFC 6532.
  class AddressReader
    ATOM = %r{[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~[^\u0000-\u007f]]+}
    LABEL = /\A[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\z/
    IPV4 = /\A\d{1,3}(?:\.\d{1,3}){3}\z/
    COMMA = "an unquoted comma; several addresses are an array, and a name with a comma stands in quotes"
    NOT_A_NAME = "a label in the domain that is not letters, digits and inner hyphens"

    # The reason against a text that is not an address.
    class Fault < StandardError; end

    Words = Struct.new(:local, :count, :is_local, :ends_in_dot, :ends_in_blank)
    private_constant :Words

    class << self
      # One mailbox: a@b, Name <a@b>, "Name, quoted" <a@b> or a@b (Name). Yields the reason if it is not.
      def mailbox(text, &otherwise) = read(text, Form::CONTROL, otherwise, &:single)

      # A bare address: no name, no angle brackets, no comments.
      def bare(text, &otherwise) = read(text, Form::CONTROL, otherwise, &:bare)

      # How many mailboxes the value of a field such as To has; of groups the members.
      def list(text, &otherwise) = read(text, Form::CONTROL_BUT_TAB, otherwise, &:list)

      private

      def read(text, controls, otherwise)
        raise Fault, "a control character" if text.match?(controls)

        yield new(text)
      rescue Fault => e
        otherwise.call(e.message)
      end
    end

    def initialize(text)
      @scanner = StringScanner.new(text)
    end

    def single
      address = mailbox(false)
      raise Fault, "empty" if address.nil? && @scanner.eos?
      raise Fault, unexpected unless @scanner.eos?

      address
    end

    def bare
      words = self.words
      raise Fault, @scanner.eos? ? "no @" : unexpected unless current == "@"

      address = address(words)
      raise Fault, unexpected unless @scanner.eos?

      address
    end

    def list
      count = 0
      in_group = false
      loop do
        count += 1 if mailbox(true)
        if @scanner.eos?
          raise Fault, "a group without ';'" if in_group

          return count
        end
        if @scanner.skip(/,/)
          next
        elsif !in_group && @scanner.skip(/:/)
          in_group = true
        elsif in_group && @scanner.skip(/;/)
          in_group = false
          skip_blanks
          raise Fault, unexpected unless @scanner.eos? || current == ","
        else
          raise Fault, unexpected
        end
      end
    end

    private

    def current = @scanner.check(/./m)

    def unexpected
      return "ends too early" if @scanner.eos?

      current == "," ? COMMA : "unexpected '#{current}'"
    end

    # The words before a <, @ or :, of which only those decide what the words are.
    def words
      words = Words.new(+"", 0, true, false, false)
      is_spaced = false
      until @scanner.eos?
        if @scanner.skip(/\./)
          words.is_local &&= !is_spaced && words.count.positive? && !words.ends_in_dot
          words.ends_in_dot = true
          words.local << "."
        elsif (word = @scanner.scan(ATOM) || quoted)
          words.is_local &&= !is_spaced && (words.count.zero? || words.ends_in_dot)
          words.ends_in_dot = false
          words.local << word
        else
          break
        end
        words.count += 1
        is_spaced = skip_blanks
      end
      words.is_local &&= words.count.positive? && !words.ends_in_dot
      words.ends_in_blank = is_spaced
      words
    end

    def quoted
      return unless current == "\""

      text = @scanner.scan(/"(?:[^"\\]|\\.)*"/m)
      raise Fault, "a quotation mark without its pair" unless text

      text[1..-2].gsub(/\\(.)/m, "\\1").tr("\t", " ")
    end

    # Nil where there are no words before , ; or the end, or where it is a group's name.
    def mailbox(in_list)
      skip_blanks
      words = self.words
      if @scanner.eos? || current == ";" || (current == "," && in_list)
        raise Fault, "no @" if words.count.positive?

        return
      end
      return if current == ":" && in_list && words.count.positive?
      return address(words).tap { skip_blanks } if current == "@"
      raise Fault, unexpected unless @scanner.skip(/</)

      angle
    end

    def angle
      skip_blanks
      words = self.words
      raise Fault, unexpected if current != "@" && words.count.positive? && current != ">"
      raise Fault, "no @" if current != "@"

      address = address(words)
      skip_blanks
      raise Fault, @scanner.eos? ? "a '<' without '>'" : unexpected unless @scanner.skip(/>/)

      skip_blanks
      address
    end

    # Skips white space and comments, which may be nested.
    def skip_blanks
      start = @scanner.pos
      depth = 0
      until @scanner.eos?
        break if depth.zero? && !@scanner.match?(/[ \t(]/)

        case @scanner.getch
        when "(" then depth += 1
        when ")" then depth -= 1
        when "\\" then @scanner.getch
        end
      end
      raise Fault, "a '(' without ')'" if depth.positive?

      @scanner.pos > start
    end

    # Reads the domain at the current @.
    def address(words)
      raise Fault, "nothing before the @" if words.count.zero?
      if !words.is_local || words.ends_in_blank
        raise Fault, "a misplaced dot or space before the @; unusual local parts must be quoted"
      end

      @scanner.getch
      domain = @scanner.scan(/\[[^\] \t]*\]?/) || @scanner.scan(/(?:#{ATOM}|\.)+/o) || ""
      check_domain(domain)
      check_local(words.local, domain)
      "#{words.local}@#{domain}"
    end

    def check_local(local, domain)
      if local.match?(/[[\p{Z}\p{Cf}\p{Cc}\p{Co}]&&[^\u0000-\u007f]]/)
        raise Fault, "an invisible character before the @"
      end

      is_plain = local.split(".", -1).all? { |word| word.match?(/\A#{ATOM}\z/o) }
      written = local.bytesize + (is_plain ? 0 : 2 + local.count("\"\\\\"))
      raise Fault, "longer than 480 octets" if written + 1 + domain.bytesize > 480
    end

    # Judges a domain by its form: which characters beyond ASCII it may have is the daemon's to know.
    def check_domain(domain)
      raise Fault, "nothing after the @" if domain.empty?
      return check_literal(domain) if domain.start_with?("[")
      if domain.bytesize > (domain.ascii_only? ? 255 : 1020)
        raise Fault, "more than 255 octets after the @"
      end
      raise Fault, NOT_A_NAME unless domain.ascii_only? || domain.match?(/\A[A-Za-z0-9.\-[^\u0000-\u007f]]*\z/)

      domain.split(".", -1).each do |label|
        raise Fault, "an empty label in the domain" if label.empty?
        next unless label.ascii_only?
        raise Fault, "a label of more than 63 octets in the domain" if label.size > 63
        raise Fault, NOT_A_NAME unless label.match?(LABEL)
      end
    end

    def check_literal(domain)
      inner = domain[1..-2]
      is_address = inner.match?(/\Aipv6:/i) ? Formats.ipv6?(inner[5..]) : inner.match?(IPV4) && inner.split(".").all? { |part| part.to_i < 256 }
      return if domain.end_with?("]") && is_address

      raise Fault, "a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]"
    end
  end
end
