/// What lets the mail of a framework, or the tests of an application, go through a producer: one file each.
package enum Adapter: String, CaseIterable, Sendable {
    case django

    /// The file, which stands beside the producer of its language.
    package var file: SourceFile {
        switch self {
        case .django: source("outspool_django.py", PackageResources.outspool_django_py)
        }
    }

    private func source(_ name: String, _ bytes: [UInt8]) -> SourceFile {
        SourceFile(name: name, text: String(decoding: bytes, as: UTF8.self))
    }
}
