internal import JSON
internal import Schema
internal import Template
internal import Text

/// What is wrong with the templates of a directory, a line each: those that cannot be read or parsed, and
/// those whose sample.json does not fit their schema or does not render in one of their locales.
func templateFaults(in path: String) -> [String] {
    let store = TemplateStore(directory: path)
    let names: [String]
    do throws(TemplateError) { names = try store.names() } catch { return [printable("\(error)")] }
    var faults: [String] = []
    for name in names {
        do throws(TemplateError) {
            let template = try store.template(named: name)
            faults += template.violations(of: template.sample ?? .init()).map { violation in
                printable("\(path)/\(name)/sample.json: \(violation)")
            }
            for locale in Set(template.parts.map(\.locale)) {
                if let sample = template.sample { _ = try template.render(params: sample, locale: locale) }
            }
        } catch { faults.append(printable("\(error)")) }
    }
    return faults
}
