internal import COpenSSL
internal import Glibc
internal import Linux
internal import ServerSocket

/// A certificate for localhost, 127.0.0.1 and ::1 that is its own issuer. See X509_sign(3).
enum SelfSigned {
    static let certificateName = "cert.pem"
    static let keyName = "key.pem"
    /// How long it is valid, in seconds.
    static let lifetime = 30 * 86400

    /// Makes a key and a certificate and writes them to `directory`, which is made if it is
    /// missing; older ones are replaced, each in one step. A client that trusts `cert.pem` accepts
    /// the server.
    static func write(to directory: String) throws(StartError) {
        let pem = try make()
        do throws(Errno) {
            if mkdir(directory, 0o755) == -1, Errno.last != .exists { throw Errno.last }
            let folder = try Directory(path: directory)
            try replace(keyName, in: folder, with: pem.key, mode: 0o600)
            try replace(certificateName, in: folder, with: pem.certificate, mode: 0o644)
        } catch {
            throw .cannotCreate("a certificate in \(directory)", error)
        }
    }

    private static func replace(
        _ name: String, in folder: borrowing Directory, with bytes: [UInt8], mode: UInt32
    ) throws(Errno) {
        let draft = ".\(name).\(Process.id)"
        let file = try folder.create(draft, mode: mode)
        do throws(Errno) {
            try file.write(all: bytes)
            try folder.replace(draft, into: folder, as: name)
        } catch {
            // The first error is the one to report.
            do { try folder.unlink(draft) } catch {}
            throw error
        }
    }

    /// Both in PEM.
    static func make() throws(StartError) -> (certificate: [UInt8], key: [UInt8]) {
        guard let key = copenssl_make_p256_key(), let certificate = X509_new() else { throw failure }
        defer {
            EVP_PKEY_free(key)
            X509_free(certificate)
        }
        var serial = UInt64.random(in: 1...UInt64(Int64.max))
        serial |= 1
        let name = X509_get_subject_name(certificate)
        let common = Array("outspool-sink".utf8)
        guard X509_set_version(certificate, 2) == 1,
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1,
            // An hour ago, for clocks that are behind.
            X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil,
            X509_gmtime_adj(X509_getm_notAfter(certificate), lifetime) != nil,
            X509_set_pubkey(certificate, key) == 1,
            X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, Int32(common.count), -1, 0) == 1,
            X509_set_issuer_name(certificate, name) == 1,
            extend(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
            extend(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign"),
            extend(certificate, NID_ext_key_usage, "serverAuth"),
            extend(certificate, NID_subject_key_identifier, "hash"),
            extend(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"),
            X509_sign(certificate, key, EVP_sha256()) > 0
        else { throw failure }
        return (
            try pem { PEM_write_bio_X509($0, certificate) },
            try pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
        )
    }

    private static func extend(_ certificate: OpaquePointer, _ kind: Int32, _ value: String) -> Bool {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, certificate, certificate, nil, nil, 0)
        guard let ext = X509V3_EXT_conf_nid(nil, &context, kind, value) else { return false }
        defer { X509_EXTENSION_free(ext) }
        return X509_add_ext(certificate, ext, -1) == 1
    }

    private static func pem(_ write: (OpaquePointer) -> Int32) throws(StartError) -> [UInt8] {
        guard let bio = BIO_new(BIO_s_mem()) else { throw failure }
        defer { BIO_free(bio) }
        var start: UnsafePointer<CChar>?
        guard write(bio) == 1 else { throw failure }
        let count = copenssl_bio_bytes(bio, &start)
        return Array(UnsafeRawBufferPointer(start: start, count: max(count, 0)))
    }

    private static var failure: StartError {
        .unavailable("cannot make a certificate: \(String(cString: copenssl_reason()))")
    }
}
