internal import CProducers

/// A file that puts the mail of a framework, or the tests of an application, behind a producer.
package enum Adapter: String, CaseIterable, Sendable {
    case django, flask, symfony, nodemailer, wordpress, pytest, phpunit, actionmailer

    /// The file, which stands next to the producer of its language.
    package var file: SourceFile {
        switch self {
        case .django: SourceFile(name: "outspool_django.py", bytes: bytes(producer_outspool_django_py()))
        case .flask: SourceFile(name: "outspool_flask.py", bytes: bytes(producer_outspool_flask_py()))
        case .symfony: SourceFile(name: "OutspoolTransport.php", bytes: bytes(producer_OutspoolTransport_php()))
        case .nodemailer: SourceFile(name: "outspool_nodemailer.mjs", bytes: bytes(producer_outspool_nodemailer_mjs()))
        case .wordpress: SourceFile(name: "outspool-wordpress.php", bytes: bytes(producer_outspool_wordpress_php()))
        case .pytest: SourceFile(name: "outspool_pytest.py", bytes: bytes(producer_outspool_pytest_py()))
        case .actionmailer:
            SourceFile(name: "outspool_actionmailer.rb", bytes: bytes(producer_outspool_actionmailer_rb()))
        case .phpunit: SourceFile(name: "OutspoolTesting.php", bytes: bytes(producer_OutspoolTesting_php()))
        }
    }
}
