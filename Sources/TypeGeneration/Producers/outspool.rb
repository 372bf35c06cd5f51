# frozen_string_literal: true

# Submits mail to an Outspool spool: see spool(5).

require "json"
require "securerandom"
require "time"
require_relative "outspool_form"
require_relative "outspool_job"
require_relative "outspool_schema"

module Outspool
  # A submission that was not simply queued. The reason is one of
  #
  # :already_queued  the same job is in the spool, and is what it was; if the id is your idempotency key, take this for
  #                  success
  # :unsettled       the job may be queued or not, the last wait for the disk failed; submitted again under a chosen id
  #                  it is sent once
  # :temporary       nothing is queued, and the same call can succeed later: the cause is the system's error, for a full
  #                  disk Errno::ENOSPC
  # :unusable        nothing is queued, nor will be until the installation changes
  # :invalid         nothing is queued, nor will be: the job is at fault, at the pointer (RFC 6901)
  class SubmitError < StandardError
    attr_reader :reason, :id, :pointer

    def initialize(reason, message, id: nil, pointer: nil)
      super(pointer.to_s.empty? ? message : "#{pointer}: #{message}")
      @reason = reason
      @id = id
      @pointer = pointer
    end
  end

  # The state of a job: new, scheduled, retry, cur, hold, done or dead, and the event the last line
  # of its history, nil if it has none.
  Outcome = Struct.new(:state, :event)

  # A job that memory: keeps, with its object as it would have been written.
  Queued = Struct.new(:id, :job)

  # One of a batch: what is sent, and the options of Spool#submit.
  class Submission
    attr_reader :content, :options

    def initialize(content, **options)
      @content = content
      @options = options
    end
  end

  @schemas = {}
  @memory = {}
  @memory_lock = Mutex.new

  class << self
    # The schema of each template that is known here, as JSON text. The types that `outspool types` makes fill it.
    attr_reader :schemas

    # The jobs of the path memory:, shared, so that a test sees the jobs of the code under test.
    attr_reader :memory, :memory_lock
  end

  # The place for submissions: a spool, or the drop box that this application has in one. Threads may share it.
  class Spool
    DIGITS = "0123456789abcdefghijklmnopqrstuv"
    UNUSABLE = [
      Errno::ENOENT, Errno::ENOTDIR, Errno::EACCES, Errno::EPERM, Errno::ELOOP, Errno::ENAMETOOLONG, Errno::EINVAL
    ].freeze
    HIDDEN = [Errno::ENOENT, Errno::ENOTDIR, Errno::EACCES, Errno::EPERM, Errno::ELOOP].freeze
    MASK = "***"
    private_constant :DIGITS, :UNUSABLE, :HIDDEN, :MASK

    attr_reader :path

    # At OUTSPOOL_SPOOL, or else /var/spool/outspool, if no path is given; memory: keeps jobs in this process, for tests.
    # It touches no disk.
    def initialize(path = nil)
      path = ENV.fetch("OUTSPOOL_SPOOL", "") if path.nil? || path.empty?
      @path = path.empty? ? "/var/spool/outspool" : path
    end

    def memory? = path == "memory:"

    # Queues a job and returns its id: a Template, Mail, Message, or a type made of a template, with the options of
    # Outspool.job_object and the id. On return the job is on disk and outlives a power cut.
    def submit(content, id: nil, **options)
      prepare(content, id: id, **options).publish
    end

    # Queues a job object as spool(5) has it.
    def submit_object(object, id: nil)
      prepare_object(object, id).publish
    end

    # Queues many Submissions with one wait for the directory. Gives for each its id or its SubmitError, in order.
    def submit_batch(submissions)
      results = submissions.map { nil }
      shared = []
      # The descriptors that are open at a time are bounded.
      submissions.each_with_index.each_slice(64) do |slice|
        drafts = slice.map do |submission, index|
          results[index] = attempt { prepare(submission.content, **submission.options) }
        end
        drafts.zip(slice) do |draft, (_, index)|
          next if draft.is_a?(SubmitError)

          results[index] = attempt { draft.publish(waits: false) }
          shared << index if results[index].is_a?(String) && !memory?
        end
      end
      settle(results, shared)
    end

    # Makes a job without queueing it: [its id, new if none is given, and its JSON text], which submit would queue. The
    # application inserts both into a table in its own transaction; outspool-pump(5) takes them from there.
    def self.outbox_row(content, id: nil, **options)
      id, text = check(Outspool.job_object(content, **options), id)
      [id, text]
    end

    # Writes a job to disk without queueing it; Draft#publish does that. An application prepares before its database
    # commits and publishes after. With a block, the draft is discarded behind it if it was not published.
    def prepare(content, id: nil, **options)
      draft = prepare_object(Outspool.job_object(content, **options), id)
      return draft unless block_given?

      begin
        yield draft
      ensure
        draft.discard
      end
    end

    # Finds the job of that id; nil if the spool has none.
    def outcome(id)
      Spool.check_id(id)
      return Outspool.memory_lock.synchronize { Outspool.memory[id] && Outcome.new("new", nil) } if memory?

      told = visible { File.read("#{path}/out/#{id}", encoding: "UTF-8") }
      if told
        told = JSON.parse(told)
        return Outcome.new(told["state"], told["event"])
      end
      state, text = find(id)
      return visible { File.lstat("#{path}/new/#{id}") } && Outcome.new("new", nil) unless state

      Outcome.new(state, last_event(text))
    rescue SystemCallError => e
      raise Spool.failure(e)
    end

    # The jobs of memory:, in their order.
    def queued
      raise ArgumentError, "only memory: keeps what was queued" unless memory?

      Outspool.memory_lock.synchronize { Outspool.memory.map { |id, text| Queued.new(id, JSON.parse(text)) } }
    end

    # Forgets the jobs of memory:.
    def clear
      Outspool.memory_lock.synchronize { Outspool.memory.clear } if memory?
    end

    # Gives the id and the text of a job object.
    def self.check(object, chosen)
      check_id(chosen) if chosen
      object = Tree.of(object, "")
      text = Tree.text(object)
      Form.check(object)
      schema = Outspool.schemas[object["template"]].to_s
      Schema.check(schema, object["params"] || {}) unless schema.empty?
      [chosen || Time.now.utc.strftime("%Y%m%dT%H%M%SZ-") + random(10), text]
    end

    def self.check_id(id)
      return if id.is_a?(String) && id.match?(Form::IDENTIFIER)

      raise SubmitError.new(
        :invalid, "is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first", pointer: "id")
    end

    def self.random(count) = Array.new(count) { DIGITS[SecureRandom.random_number(32)] }.join

    # The system's error as one of a submission.
    def self.failure(error)
      SubmitError.new(UNUSABLE.any? { |wrong| error.is_a?(wrong) } ? :unusable : :temporary, error.message)
    end

    def self.unsettled(id, error)
      SubmitError.new(:unsettled, "#{id} may be queued or not: #{error.message}", id: id)
    end

    # Raises if the spool has a job of a chosen id, as far as this user can see.
    def refuse_namesake(id, object)
      state, text = find(id)
      other = state && object_of(text)
      return unless other

      namesake(id, state, Tree.same?(other, object) || (state == "done" && Tree.same?(other, object, MASK)))
    rescue SystemCallError => e
      raise Spool.failure(e)
    end

    def namesake(id, state, is_same)
      raise SubmitError.new(:already_queued, "#{id} is already queued", id: id) if is_same

      raise SubmitError.new(
        :invalid, "another job of that id is in #{state}; a new job needs a new id", id: id, pointer: "id")
    end

    private

    def attempt
      yield
    rescue SubmitError => e
      e
    end

    def settle(results, shared)
      begin
        File.open("#{path}/new", &:fsync) unless shared.empty?
      rescue Errno::EACCES
        # A drop box: each draft has waited for its own file.
      rescue SystemCallError => e
        shared.each { |index| results[index] = Spool.unsettled(results[index], e) }
      end
      results
    end

    def prepare_object(object, chosen)
      id, text = Spool.check(object, chosen)
      object = JSON.parse(text)
      refuse_namesake(id, object) if chosen && !memory?
      Draft.new(self, id, text, !chosen.nil?)
    end

    def visible
      yield
    rescue *HIDDEN
      nil
    end

    # The state of the job of that id, and its file. A job that moves while it is looked for is in new/ again.
    def find(id)
      places = %w[new cur/* retry/* scheduled hold dead done/* new].flat_map do |place|
        next place unless place.end_with?("/*")

        base = place.delete_suffix("/*")
        (visible { Dir.children("#{path}/#{base}") } || []).map { |name| "#{base}/#{name}" }
      end
      places.each do |place|
        file = "#{path}/#{place}/#{id}"
        next unless visible { File.lstat(file).file? }

        text = visible { File.read(file, encoding: "UTF-8") }
        return [place[/\A[a-z]+/], text] if text
      end
      nil
    end

    # The object that a job's file begins with; an operator may have made several lines of it.
    def object_of(text)
      object = +""
      text.each_line do |line|
        object << line
        next unless line.rstrip.end_with?("}")

        begin
          return JSON.parse(object)
        rescue JSON::ParserError
          next
        end
      end
      nil
    end

    def last_event(text)
      text.lines.drop(1).reverse_each do |line|
        event = JSON.parse(line)
        return event if event.is_a?(Hash) && event.key?("event")
      rescue JSON::ParserError
        next # A line that a power cut tore.
      end
      nil
    end
  end

  # A job that is on disk and not queued. Discard it, if it is not published.
  class Draft
    # The id under which the job will be queued.
    attr_reader :id

    def initialize(spool, id, text, is_chosen)
      @spool = spool
      @id = id
      @text = text
      @is_chosen = is_chosen
      write unless spool.memory?
    end

    # Queues the job, and returns its id. On return it outlives a power cut.
    def publish(waits: true)
      return remember if @spool.memory?
      raise SubmitError.new(:invalid, "this draft was published or discarded", pointer: "") unless @name

      link
      settle(waits)
      @id
    ensure
      discard
    end

    # Removes a draft that was not published. It may be called at any time.
    def discard
      @file&.close
      @file = nil
      File.unlink(@name) if @name
    rescue SystemCallError
      nil # The daemon clears tmp/.
    ensure
      @name = nil
    end

    private

    def write
      name = "#{@spool.path}/tmp/#{Spool.random(20)}"
      # In a drop box the daemon, which owns it, has to read the file.
      mode = File.stat("#{@spool.path}/new").uid == Process.euid ? 0o600 : 0o604
      flags = File::WRONLY | File::CREAT | File::EXCL | File::NOFOLLOW
      @file = File.open(name, flags, mode)
      @name = name
      @file.chmod(mode)
      @file.sync = true
      @file.write("#{@text}\n")
      @file.fsync
    rescue SystemCallError => e
      discard
      raise Spool.failure(e)
    end

    # Gives the job its name in new/.
    def link
      target = "#{@spool.path}/new/#{@id}"
      if @is_chosen
        File.link(@name, target) # Unlike rename, it refuses a name that is taken.
        begin
          File.unlink(@name)
        rescue SystemCallError => e
          raise Spool.unsettled(@id, e)
        end
      else
        File.rename(@name, target)
      end
      @name = nil
    rescue Errno::EEXIST
      raise SubmitError.new(:already_queued, "#{@id} is already queued", id: @id)
    rescue SystemCallError => e
      raise Spool.failure(e)
    end

    # The name is on disk once its directory is, or on ext4, XFS and btrfs its file again.
    def settle(waits)
      directory = begin
        File.open("#{@spool.path}/new")
      rescue Errno::EACCES
        nil # A drop box: its producers add to it and cannot read it.
      end
      directory ? (directory.fsync if waits) : @file.fsync
    rescue SystemCallError => e
      raise Spool.unsettled(@id, e)
    ensure
      directory&.close
    end

    def remember
      Outspool.memory_lock.synchronize do
        known = Outspool.memory[@id]
        @spool.namesake(@id, "new", Tree.same?(JSON.parse(known), JSON.parse(@text))) if known
        Outspool.memory[@id] = @text
      end
      @id
    end
  end
end
