/// A file that puts the mail of a framework, or the tests of an application, behind a producer.
package enum Adapter: String, CaseIterable, Sendable {
    case django, flask, symfony, nodemailer, wordpress, pytest, phpunit, actionmailer

    /// The file, which stands next to the producer of its language.
    package var file: SourceFile {
        switch self {
        case .django: source("outspool_django.py", PackageResources.outspool_django_py)
        case .flask: source("outspool_flask.py", PackageResources.outspool_flask_py)
        case .symfony: source("OutspoolTransport.php", PackageResources.OutspoolTransport_php)
        case .nodemailer: source("outspool_nodemailer.mjs", PackageResources.outspool_nodemailer_mjs)
        case .wordpress: source("outspool-wordpress.php", PackageResources.outspool_wordpress_php)
        case .pytest: source("outspool_pytest.py", PackageResources.outspool_pytest_py)
        case .actionmailer: source("outspool_actionmailer.rb", PackageResources.outspool_actionmailer_rb)
        case .phpunit: source("OutspoolTesting.php", PackageResources.OutspoolTesting_php)
        }
    }

    private func source(_ name: String, _ bytes: [UInt8]) -> SourceFile {
        SourceFile(name: name, text: String(decoding: bytes, as: UTF8.self))
    }
}
