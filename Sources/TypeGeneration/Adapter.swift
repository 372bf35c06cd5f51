internal import CProducers

/// A file that puts the mail of a framework, or the tests of an application, behind a producer.
package enum Adapter: String, CaseIterable, Sendable {
    case django, flask, symfony, nodemailer, wordpress, pytest, phpunit, actionmailer

    /// The file, which stands next to the producer of its language.
    package var file: SourceFile {
        switch self {
        case .django: source("outspool_django.py", bytes(producer_outspool_django_py()))
        case .flask: source("outspool_flask.py", bytes(producer_outspool_flask_py()))
        case .symfony: source("OutspoolTransport.php", bytes(producer_OutspoolTransport_php()))
        case .nodemailer: source("outspool_nodemailer.mjs", bytes(producer_outspool_nodemailer_mjs()))
        case .wordpress: source("outspool-wordpress.php", bytes(producer_outspool_wordpress_php()))
        case .pytest: source("outspool_pytest.py", bytes(producer_outspool_pytest_py()))
        case .actionmailer: source("outspool_actionmailer.rb", bytes(producer_outspool_actionmailer_rb()))
        case .phpunit: source("OutspoolTesting.php", bytes(producer_OutspoolTesting_php()))
        }
    }

    private func source(_ name: String, _ bytes: [UInt8]) -> SourceFile {
        SourceFile(name: name, text: String(decoding: bytes, as: UTF8.self))
    }
}
