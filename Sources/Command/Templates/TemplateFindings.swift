internal import Linux
internal import Template
internal import Text

/// The faults in the templates of a directory, or in the named ones, in the order of the names.
///
/// Of one that cannot be read or parsed there is one finding, its first fault. If no names are given, and all could be
/// read, partials and layouts that none of them uses are found too.
func templateFindings(in path: String, only names: [String]) throws(Failure) -> [Finding] {
    let store = TemplateStore(directory: path)
    let known: [String]
    do throws(TemplateError) { known = try store.names() } catch { return [finding(error, in: path)] }
    for name in names where !known.contains(name) {
        let guess = nearest(to: name, among: known).map { "; did you mean \(printable($0))?" } ?? ""
        throw Failure(.noInput, "no template \(printable(name)) in \(printable(path))\(guess)")
    }
    var findings: [Finding] = []
    var included: Set<ExactText>? = names.isEmpty ? [] : nil
    for name in names.isEmpty ? known : names {
        do throws(TemplateError) {
            let template = try store.template(named: name)
            findings += template.findings()
            if let program = template.run ?? template.view?.program, let fault = programFault(at: program) {
                findings.append(Finding(.error, program, fault))
            }
            included?.formUnion(template.includedFiles)
        } catch {
            findings.append(finding(error, in: path))
            included = nil
        }
    }
    guard let included else { return findings }
    do throws(TemplateError) {
        let unused = try store.sharedFiles().filter { !included.contains(ExactText($0)) }
        return findings + unused.map { Finding(.warning, $0, "not used by any template") }
    } catch { return findings + [finding(error, in: path)] }
}

private func finding(_ error: TemplateError, in path: String) -> Finding {
    switch error {
    case .broken(let fault): Finding(fault)
    case .unreadable(let file, let errno): Finding(.error, file, "\(errno)")
    case .unknown, .exceeded: Finding(.error, path, "\(error)")
    }
}
