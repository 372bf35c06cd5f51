internal import Text
internal import TypeFiles
internal import TypeGeneration

extension Verb {
    static var types: Verb {
        Verb(
            name: "types", summary: "make the types of an application's jobs",
            help: """
                usage: outspool types --lang LANGUAGE [--templates DIR] [--output DIR]
                                      [TEMPLATE ...]
                       outspool types --adapter NAME [--output DIR]

                Writes source code for those who submit: a type for each template, made from
                its schema.json, so that a parameter that is missing, misspelt or of another
                type is found before the program runs. For the languages without a client
                library it also has a producer, which depends on nothing. All templates if
                none is named. A file that would not change is not touched.

                  --lang LANGUAGE  swift        OutspoolTypes.swift, for the Outspool library
                                   typescript   outspool.mjs and outspool.d.mts, Node 18
                                   ts           the same
                                   python, py   outspool.py, Python 3.11
                                   php          outspool.php, PHP 8.2
                                   go, golang   a package, Go 1.19
                                   ruby, rb     outspool_types.rb and what it needs, Ruby 3.1
                                   java         a package, Java 17
                                   csharp, cs   Templates.cs and what it needs, C# 7
                  --templates DIR  the templates, if not those of the configuration
                  --adapter NAME   what puts the producer behind a framework's mail, or into its
                                   tests, one file: \(adapters(0..<3)),
                                   \(adapters(3..<Adapter.allCases.count))
                  --output DIR     where to; standard output if not given

                """,
            options: [
                .init("--lang", "a language"), .init("--adapter", "a framework"), .init("--templates", "a directory"),
                .init("--output", "a directory"),
            ], run: runTypes)
    }
}

/// The endings of the languages' files.
private let shortNames: [String: Language] = [
    "cs": .csharp, "golang": .go, "py": .python, "rb": .ruby, "ts": .typescript,
]

/// The names of the adapters at these places, for a line.
private func adapters(_ places: Range<Int>) -> String {
    Adapter.allCases[places].map(\.rawValue).joined(separator: ", ")
}

private func runTypes(_ invocation: Invocation) throws(Failure) -> ExitStatus {
    let arguments = invocation.arguments
    if let name = try arguments.value("--adapter") { return try writeAdapter(named: name, invocation) }
    let languages = Language.allCases.map(\.rawValue).joined(separator: ", ")
    guard let word = try arguments.value("--lang") else { throw .usage("types needs --lang, one of \(languages)") }
    guard let language = Language(rawValue: word) ?? shortNames[word] else {
        throw .usage("--lang is one of \(languages), not \(printable(word))")
    }
    var named = try arguments.value("--templates")
    if named == nil { named = try Location.templatesPath(arguments) }
    guard let templates = named else {
        throw .usage("no configuration names the templates; use --templates DIR")
    }
    let output = try arguments.value("--output")
    let files: [SourceFile]
    do throws(TypeFilesError) {
        files = try sourceFiles(in: language, for: arguments.operands, templates: templates)
        if let output {
            try write(files, into: output)
            return .success
        }
    } catch {
        throw failure(error)
    }
    guard files.count == 1 else { throw .usage("--lang \(word) makes \(files.count) files; say --output DIR") }
    try invocation.output.write(files[0].text)
    return .success
}

private func writeAdapter(named name: String, _ invocation: Invocation) throws(Failure) -> ExitStatus {
    guard let adapter = Adapter(rawValue: name) else {
        throw .usage("--adapter is one of \(adapters(0..<Adapter.allCases.count)), not \(printable(name))")
    }
    guard try invocation.arguments.value("--lang") == nil, invocation.arguments.operands.isEmpty else {
        throw .usage("--adapter stands alone, but for --output")
    }
    guard let output = try invocation.arguments.value("--output") else {
        try invocation.output.write(adapter.file.text)
        return .success
    }
    do throws(TypeFilesError) { try write([adapter.file], into: output) } catch { throw failure(error) }
    return .success
}

private func failure(_ error: TypeFilesError) -> Failure {
    switch error {
    case .unknown: return Failure(.noInput, printable("\(error)"))
    case .broken(let faults):
        for fault in faults.dropLast() { complain(printable(fault)) }
        return Failure(.configuration, printable(faults.last ?? "no templates"))
    case .unwritten: return Failure(.cannotCreate, printable("\(error)"))
    }
}
