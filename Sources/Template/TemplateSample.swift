package import JSON
internal import Schema
internal import Text

/// A further sample of a template: `samples/NAME.json`. For people who write templates; the daemon does not read it.
package struct TemplateSample: Sendable {
    /// Without `.json`.
    package let name: String
    package let path: String
    /// Nil where there is a fault.
    package let value: JSON.Object?
    /// The reason why the file is not a sample.
    package let fault: TemplateFault?
    let bytes: [UInt8]

    /// How many samples of a template are read.
    static let limit = 100
}

extension Template {
    /// The samples beside `sample.json`, by name; none where the folder cannot be read.
    package var samples: [TemplateSample] {
        guard source.names.holds(exactly: "samples") else { return [] }
        let folder: TemplateFolder
        let names: [String]
        do throws(TemplateError) {
            folder = try TemplateFolder(path: source.path(of: "samples"))
            names = try folder.names()
        } catch { return [] }
        return names.filter { $0.ends(with: ".json") }.prefix(TemplateSample.limit).map { file in
            let path = "\(folder.path)/\(file)"
            let name = String(Substring(file.utf8.dropLast(5)))
            func broken(_ fault: TemplateFault, _ bytes: [UInt8] = []) -> TemplateSample {
                TemplateSample(name: name, path: path, value: nil, fault: fault, bytes: bytes)
            }
            let bytes: [UInt8]
            do throws(TemplateError) { bytes = try folder.read(file)?.bytes ?? [] } catch {
                return broken(TemplateFault(file: path, reason: "\(error)"))
            }
            do throws(JSONError) {
                let value = try JSON(parsing: bytes)
                guard let object = value.object else {
                    return broken(
                        TemplateFault(file: path, reason: "not an object but of type \(value.typeName)"), bytes)
                }
                return TemplateSample(name: name, path: path, value: object, fault: nil, bytes: bytes)
            } catch {
                return broken(
                    TemplateFault(file: path, line: error.line, column: error.column, reason: error.reason), bytes)
            }
        }
    }

    /// Each further sample has to fit the schema, and to render in every locale. Those of a template with `data` are what
    /// its program gets, and are not rendered.
    func furtherSampleFindings() -> [Finding] {
        samples.flatMap { sample -> [Finding] in
            guard let value = sample.value else { return sample.fault.map { [Finding($0)] } ?? [] }
            var findings = terms.violations(of: value).map { violation in
                let position = JSON.position(of: violation.pointer, in: sample.bytes)
                return Finding(.error, sample.path, line: position.line, column: position.column, "\(violation)")
            }
            if view != nil || isTask { return findings }
            for locale in Set(parts.map(\.locale)) {
                do throws(TemplateError) { _ = try render(params: value, locale: locale) } catch {
                    // Rendering throws nothing else.
                    guard case .exceeded(let limit, let part) = error else { continue }
                    findings.append(Finding(.error, part, "rendered with \(sample.path) it is \(limit)"))
                }
            }
            return findings
        }
    }
}
