internal import JSON
internal import Linux
@testable internal import Schema
@testable internal import Template
internal import Time

/// Template, partial and view: a rendering ends within its limits, is the same each time, and is UTF-8.
func fuzzMustache(_ input: [UInt8]) {
    let parts = input.parts(3)
    let mustache: Mustache
    do { mustache = try Mustache(parsing: parts[0], file: "text.mustache") } catch {
        must((error.line ?? 1) >= 1 && (error.column ?? 1) >= 1, "a fault has a place")
        must(!error.description.contains("\n"), "a fault is told in one line")
        return
    }
    var partials: [String: Mustache] = [:]
    if let partial = try? Mustache(parsing: parts[1], file: "partial") {
        for name in ["a", "b", "partial", "layout"] { partials[name] = partial }
    }
    let view = (try? JSON(parsing: parts[2])) ?? .object(JSON.Object())
    var limits = RenderLimits()
    (limits.output, limits.depth, limits.steps) = (1 << 16, 50, 50_000)
    for escape in [Escape.none, .html] {
        let first = Result { try mustache.rendered(view, partials: partials, escape: escape, limits: limits) }
        let second = Result { try mustache.rendered(view, partials: partials, escape: escape, limits: limits) }
        guard let bytes = try? first.get() else {
            must((try? second.get()) == nil, "it fails each time")
            continue
        }
        must((try? second.get()) == bytes, "the same each time")
        must(bytes.count <= limits.output, "no more than its limit")
        must(String(validating: bytes, as: UTF8.self) != nil, "UTF-8 in, UTF-8 out")
        if !parts[0].contains(UInt8(ascii: "{")) { must(bytes == parts[0], "what has no tag stays as it is") }
    }
    if let schema = try? Schema(parsing: view) {
        _ = NameCheck(mustache, partials: partials, schema: schema, isPublic: true).findings
    }
}

func fuzzTemplateConf(_ input: [UInt8]) {
    let first = Result { try TemplateSettings(parsing: input, file: "template.conf") }
    switch first {
    case .success(let settings):
        must((try? TemplateSettings(parsing: input, file: "template.conf")) == settings, "the same each time")
        if let ttl = settings.ttl { must(ttl > .zero, "a ttl is more than nothing") }
    case .failure(let error): must(!"\(error)".contains("\n"), "a fault is told in one line")
    }
}

/// Document and value: compiled and judged within the work that it is given, with the same answer each time.
func fuzzSchema(_ input: [UInt8]) {
    let parts = input.parts(2)
    guard let document = try? JSON(parsing: parts[0]) else { return }
    let schema: Schema
    let start = Clock.process
    do { schema = try Schema(parsing: document) } catch {
        must(!error.description.contains("\n"), "a fault is told in one line")
        return
    }
    let value = (try? JSON(parsing: parts[1])) ?? document
    let violations = schema.validate(value, work: 500_000)
    must(violations.count <= Schema.violationLimit, "no more violations than anybody reads")
    must(violations == schema.validate(value, work: 500_000), "the same answer each time")
    for violation in violations { must(!"\(violation)".contains("\n"), "a violation is told in one line") }
    let masked = schema.masked(value)
    must(schema.masked(masked).encoded == masked.encoded, "what is masked stays masked")
    if !schema.hasSecrets { must(masked.encoded == value.encoded, "nothing is masked that is no secret") }
    _ = schema.secretPointers
    for name in schema.place.names { _ = schema.place.property(name)?.kinds }
    must(Clock.process - start < 5_000_000_000, "no schema and no value holds the daemon")
}

/// Expression and text: in a group it says the same, and it ends within the work that it is given.
func fuzzPattern(_ input: [UInt8]) {
    let parts = input.parts(2).map(\.text)
    let pattern: Pattern
    do { pattern = try Pattern(parts[0]) } catch { return }
    must(pattern.instructionCount <= Pattern.instructionLimit, "no more instructions than are allowed")
    let start = Clock.process
    var work = StepBudget(left: 2_000_000)
    let matches = pattern.matches(parts[1], work: &work)
    must(Clock.process - start < 2_000_000_000, "its work is bounded")
    if work.isExhausted { return }
    guard let grouped = try? Pattern("(?:\(parts[0]))") else {
        return must(pattern.instructionCount > Pattern.instructionLimit - 10, "a group is an expression, too")
    }
    must(grouped.matches(parts[1]) == matches, "a group changes nothing")
    guard let anywhere = try? Pattern("[^]*(?:\(parts[0]))") else { return }
    must(anywhere.matches(parts[1]) == matches, "it matches anywhere")
}
