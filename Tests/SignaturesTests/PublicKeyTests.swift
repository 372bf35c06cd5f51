import Testing
import Text

@testable import Signatures

/// Keys and signatures that openssl(1) made: `openssl dgst -sign`.
@Suite("Public keys")
struct PublicKeyTests {
    @Test("A signature is right for its message and digest alone", arguments: vectors)
    func signature(vector: Vector) throws {
        let key = try PublicKey(Array(vector.key.utf8))
        let signature = try #require(Base64.decode(Array(vector.signature.utf8), .exact))
        let message = Array("attack at dawn".utf8)
        #expect(key.isSignature(signature, of: message, vector.digest))
        #expect(!key.isSignature(signature, of: message + [0x21], vector.digest))
        #expect(!key.isSignature(signature, of: message, vector.digest == .sha1 ? .sha256 : .sha1))
        #expect(
            !key.isSignature(signature.dropLast() + [signature[signature.count - 1] ^ 1], of: message, vector.digest))
        #expect(!key.isSignature(Array(signature.dropLast()), of: message, vector.digest))
        #expect(!key.isSignature(signature + [0], of: message, vector.digest))
        #expect(!key.isSignature([], of: message, vector.digest))
        #expect(!key.isSignature([UInt8](repeating: 0, count: signature.count), of: message, vector.digest))
        #expect(!key.isSignature([UInt8](repeating: 0xFF, count: signature.count), of: message, vector.digest))
    }

    @Test("A certificate and its public key are one key")
    func certificate() throws {
        #expect(try PublicKey(Array(certificatePEM.utf8)) == PublicKey(Array(rsaPEM.utf8)))
        let bare = ecPEM.split(separator: "\n").filter { !$0.contains("-----") }.joined()
        #expect(try PublicKey(Array(bare.utf8)) == PublicKey(Array(ecPEM.utf8)))
    }

    /// Numbers of a signature that the algorithm must not take: FIPS 186-4, section 6.4, step 1.
    @Test(
        "Zero and the order are no numbers of a signature",
        arguments: [
            "MAYCAQACAQA=", "MAYCAQECAQA=", "MAYCAQACAQE=", "MAYCAQECAQE=",
            // r or s is the order of the curve.
            "MCYCIQD/////AAAAAP//////////vOb6racXnoTzucrC/GMlUQIBAQ==",
            "MCYCAQECIQD/////AAAAAP//////////vOb6racXnoTzucrC/GMlUQ==",
            // A negative number, a number with a zero too many, a length that is too long.
            "MAYCAf8CAQE=", "MAcCAgABAgEB", "MIEGAgEBAgEB", "MAcCAQECAQEA",
        ])
    func numbers(signature: String) throws {
        let key = try PublicKey(Array(ecPEM.utf8))
        let bytes = try #require(Base64.decode(Array(signature.utf8), .exact))
        #expect(!key.isSignature(bytes, of: Array("attack at dawn".utf8), .sha256))
    }

    @Test(
        "Other keys are refused with their reason",
        arguments: [
            ("", "neither PEM nor base64"), ("!!", "neither PEM nor base64"), ("AAAA", "not a public key"),
            (smallPEM, "an RSA key of 2048 to 8192 bits is wanted"), (otherCurvePEM, "neither RSA nor P-256"),
            // The last digit of the point is another one.
            (ecPEM.replacing("UQ==", with: "UA=="), "not a point of P-256"),
            (certificatePEM.replacing("-----BEGIN CERTIFICATE", with: "-----BEGIN PUBLIC KEY"), "not a public key"),
            (
                rsaPEM.replacing("-----BEGIN PUBLIC KEY", with: "-----BEGIN CERTIFICATE"),
                "a certificate that cannot be read"
            ),
        ] as [(String, String)])
    func refused(text: String, reason: String) {
        let error = #expect(throws: PublicKeyError.self) { try PublicKey(Array(text.utf8)) }
        #expect(error?.description == reason)
    }

    @Test("A key that is cut anywhere is refused")
    func cut() throws {
        let whole = Base64.decode(ecPEM.split(separator: "\n").filter { !$0.contains("-----") }.joined().utf8, .exact)
        for count in 0..<(try #require(whole).count) {
            let text = Base64.encode(try #require(whole)[..<count])
            #expect(throws: PublicKeyError.self) { try PublicKey(text) }
        }
    }
}

@Suite("Natural numbers")
struct NumberTests {
    @Test("A product divided by anything leaves what it should")
    func division() {
        var state: UInt64 = 88_172_645_463_325_252
        func random(_ count: Int) -> Number {
            Number(
                limbs: (0..<count).map { index in
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    // Digits at the edge of their range are where a guess of a quotient goes wrong.
                    return state % 5 == 0 ? 0xFFFF_FFFF : state % 5 == 1 ? 0 : UInt32(truncatingIfNeeded: state >> 11)
                })
        }
        for round in 0..<2000 {
            let (divisor, quotient) = (random(1 + round % 9), random(round % 7))
            if divisor.isZero { continue }
            let rest = random(1 + round % 9) % divisor
            #expect(rest < divisor)
            #expect((divisor * quotient + rest) % divisor == rest)
        }
    }

    @Test("Powers and bytes")
    func powers() {
        // Fermat's little theorem for a prime of 61 bits.
        let prime = Number(hex: "1FFFFFFFFFFFFFFF")
        #expect(Number(3).power(prime - Number(1), modulo: prime) == Number(1))
        #expect(Number([0, 1, 2, 3, 4]).bytes(6) == [0, 0, 1, 2, 3, 4])
        #expect(Number([1, 0, 0]).bytes(2) == nil)
        #expect(Number([UInt8]()).isZero && Number([0, 0]).isZero)
    }
}

struct Vector: Sendable {
    let key: String
    let signature: String
    let digest: PublicKey.Digest
}

private let vectors = [
    Vector(
        key: rsaPEM,
        signature: """
            P5NdJlnjpVTs0b77Sa0ME0NcIk1M4jdM40GH9UDBrSEBfGo+FETHnmLnsa8+h0tbGiTkqLfNrbFo+MHdYILL1sMhZNg/PMgDJc+8\
            aetZk9Fo6E79CTBwuKCTp39kvD4rL+4mSxu6//KKeiU4tkiYjFFBCMM9cSkxSLfTVeYyTT1bqKwBKcWctBScXiSUFI9illX3/5V4\
            VQszdN1ej6y4oYreShpeTt+14yHgCpS3SUGzFNGCToce6TeoA5yfK2YPh+ccSTqwRyrkS893y+qO+XKZDlZA1QHD+/KAFHY+mpXn\
            HdQRCFwratepaU7GvFnidmPubP1CfzFid3kN8W6ZYg==
            """, digest: .sha1),
    Vector(
        key: certificatePEM,
        signature: """
            YbJQd/D/rlJ+eK7o6xs6bNLqo13UhxXf6CoLPGnR71VJvDkhfcV9illSd7M5wqS8oHaLcjaJe4mEVMW/zNRf5k+BXAnmE9xgEK+F\
            t705+QzA14CHR8AIW0SllFTDImB0jvZFbxoYAWwexAWAZiCl+CUtlRS+gu9eJKfzEQ4mjDTvwabuEKV6kHqS656G8PVJu+rs6vTh\
            dGYcq7Oj+L2fvJLLvxzSFxYF1XphSsJwgHhM4YNCnV1APHrNFaFniBQ+bSfccs3r7Rq4X9l7bQY73DTdbaD4Wk4ppdqVLT0LqdYT\
            zsdzuk1ugmJkVTBnbkyXnpyOmxulae/5hFy1nfGQuA==
            """, digest: .sha256),
    Vector(
        key: ecPEM,
        signature: """
            MEYCIQC3uWkokuhlZzNlQg9KkoF2H2zy4yGDtHJ17Yfi4YXJWQIhAI3BpzR2fefRG3618n4dfDI+3Yrc0vJWQkCI/NPkjb3F
            """, digest: .sha256),
]

private let rsaPEM = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAk7cZDt13FXmiyhTo1Q4+
    Y6Edy9DQd5GIGTEGBITePT0cGtAdOw5NV4GWc54dESvSFMbOWLWrr+awEqJYhLQ+
    x0WoEug4B0mBQUIUN5MBd4HHRmUBSfTaG7hIaKB2j/hXukDfkXcZSBmNSPi/Hni+
    6OBRR+G1KfVYF6h02hhKresploq9rIbHH7DBS3iRPe+tKAqlhXsgZdII/kEXTLjC
    pgEf+RecWQsSF8WBet8E0eGwoE0nJn0wPPI17edyBXAJPCMbL+80dCvKDp5zVLfi
    LDxeFhsgdzY9WpzBraxEMAOprFWp+nwVn8hgqOM3MrCBmxO4maKYIE79+kaU/VJN
    9QIDAQAB
    -----END PUBLIC KEY-----
    """

private let certificatePEM = """
    -----BEGIN CERTIFICATE-----
    MIIDFzCCAf+gAwIBAgIUZ2PSWGY5ediPUWsbW4lWACkjMfEwDQYJKoZIhvcNAQEL
    BQAwGjEYMBYGA1UEAwwPc25zLmV4YW1wbGUuY29tMCAXDTI2MTIwMTEzNDk1N1oY
    DzIxMjYxMTA3MTM0OTU3WjAaMRgwFgYDVQQDDA9zbnMuZXhhbXBsZS5jb20wggEi
    MA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCTtxkO3XcVeaLKFOjVDj5joR3L
    0NB3kYgZMQYEhN49PRwa0B07Dk1XgZZznh0RK9IUxs5Ytauv5rASoliEtD7HRagS
    6DgHSYFBQhQ3kwF3gcdGZQFJ9NobuEhooHaP+Fe6QN+RdxlIGY1I+L8eeL7o4FFH
    4bUp9VgXqHTaGEqt6ymWir2shscfsMFLeJE9760oCqWFeyBl0gj+QRdMuMKmAR/5
    F5xZCxIXxYF63wTR4bCgTScmfTA88jXt53IFcAk8Ixsv7zR0K8oOnnNUt+IsPF4W
    GyB3Nj1anMGtrEQwA6msVan6fBWfyGCo4zcysIGbE7iZopggTv36RpT9Uk31AgMB
    AAGjUzBRMB0GA1UdDgQWBBQTv8kksrW3OaYt5iJ1oN7bck3lTzAfBgNVHSMEGDAW
    gBQTv8kksrW3OaYt5iJ1oN7bck3lTzAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3
    DQEBCwUAA4IBAQBldH8vHW40WAyo5Ylx5Q3cI6JO3jBfLNuu9FjkQDLZASzYV6m3
    6Wtqi2pP84VOCoUy8icsLivIMkyCIo8oyERxiB54GiFbtHyh+szeqv8gx9erNueE
    aF8omhQlBcuHmc/N9Xtn8m9ZVDxdQ/eAmMVlFkilAENNUOGOtKds3GPfPgTdVdkE
    nO0Y1zKjzU3KfcrsdK48T79cLi32VsAohoEFC0kqWDeEiVZD08TLF7kK6XjBeqTW
    MGc3BCj7+QxIx77R2eqh6XhYd6tZ+hW8hK8BrlNd0Rb0khfSx0giGBikQ3mv7j+P
    XVOc/VxHg5B4M/eCUjo0wPGOZ3CsHY1F6UCi
    -----END CERTIFICATE-----
    """

private let ecPEM = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEi8EIB2uiC/a2Oe1mC8IPqlOSHNxh
    PKMRUN02WrGlO3MLDqbwR7OjsuF2WU8GvuHhQmeFJZF4QBy5JsiNiLxBUQ==
    -----END PUBLIC KEY-----
    """

private let smallPEM = """
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCnrmjQ4ybF2gRVPUb2dsVdkOEz
    l5yH5c6mqV/yVa1J/m96EXMWtFX/Rjk02PVa2sX8BgeKzfhbk9pMUiOYcAZM6XN4
    0KL/7cu1Fzf2voASARbkFS5nGJ4hgzlVpleGcju6VvYB+O5gEH5f/XbOVL31GDBK
    2IKwFSIkCyu9RXv5gwIDAQAB
    -----END PUBLIC KEY-----
    """

private let otherCurvePEM = """
    -----BEGIN PUBLIC KEY-----
    MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEUKiquk30q4PkUpbJs4KRxi4c2aEk8rx3
    NbHrcwyWWIgCZR683/gv01TODdyY80RezTIMs6nPX6UEBnxCwZgNwMUZjNBRKEUz
    NMugcjbLGlaayJEQJ5zeMnM2HEUowcgB
    -----END PUBLIC KEY-----
    """
