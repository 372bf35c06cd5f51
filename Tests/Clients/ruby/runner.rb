# frozen_string_literal: true

# Runs what Tests/Clients/run asks of a client.

require "json"
require "outspool_types"

def cases(spool, path)
  File.foreach(path, encoding: "UTF-8").with_index do |line, index|
    spool.submit_object(JSON.parse(line)["job"], id: "case-#{index}")
    puts JSON.generate(case: index, verdict: "good")
  rescue Outspool::SubmitError => e
    verdict = e.reason == :invalid ? { verdict: "bad", pointer: e.pointer } : { verdict: "error" }
    puts JSON.generate({ case: index, message: e.message }.merge(verdict))
  end
end

def submit(spool, name)
  spool.submit(Outspool::Mail.new(subject: name, text: "t"), to: "a@b.example", id: name)
rescue Outspool::SubmitError => e
  return if e.reason == :already_queued
  raise unless %i[temporary unsettled].include?(e.reason)

  sleep 0.01
  retry
end

def many(spool, threads, count)
  Array.new(threads) do |thread|
    Thread.new { (thread...count).step(threads) { |index| submit(spool, "ruby-#{index}") } }
  end.each(&:join)
end

spool = Outspool::Spool.new
case ARGV[0]
when "cases" then cases(spool, ARGV[1])
when "many" then many(spool, ARGV[1].to_i, ARGV[2].to_i)
when "full"
  require_relative "full"
  full(spool)
end
