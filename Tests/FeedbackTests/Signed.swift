/// What openssl(1) signed for the tests of webhooks, and the keys to check it.
enum Signed {
    /// The certificate whose other half signed the envelopes.
    static let certificate = """
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

    static let verificationKey = """
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEi8EIB2uiC/a2Oe1mC8IPqlOSHNxhPKMRUN02WrGlO3MLDqbwR7OjsuF2WU8GvuHh\
        QmeFJZF4QBy5JsiNiLxBUQ==
        """

    /// Envelopes of Amazon SNS: signed with SHA-1 and with SHA-256.
    static let firstVersion = #"""
        {"Type": "Notification", "MessageId": "5f0c", "TopicArn": "arn:aws:sns:eu-central-1:123456789012:bou\#
        nces", "Message": "{\"notificationType\":\"Bounce\",\"bounce\":{\"feedbackId\":\"0102018a-feedback\"\#
        ,\"bounceType\":\"Permanent\",\"bounceSubType\":\"General\",\"bouncedRecipients\":[{\"emailAddress\"\#
        :\"kijitora@example.net\",\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 55\#
        0 5.1.1 <kijitora@example.net>: user unknown\"}],\"timestamp\":\"2026-11-23T17:44:11.502Z\",\"report\#
        ingMTA\":\"dns; mx.example.com\"},\"mail\":{\"timestamp\":\"2026-11-23T17:44:10.000Z\",\"source\":\"\#
        shop@example.com\",\"messageId\":\"0102018a-mail\",\"destination\":[\"kijitora@example.net\"],\"head\#
        ers\":[{\"name\":\"X-Outspool-Id\",\"value\":\"20261123T174411Z-7f3a\"},{\"name\":\"Message-ID\",\"v\#
        alue\":\"<20261123T174411Z-7f3a@example.com>\"}],\"commonHeaders\":{\"subject\":\"Nyaan\"}}}", "Time\#
        stamp": "2026-11-23T17:44:12.000Z", "SignatureVersion": "1", "SigningCertURL": "https://sns.eu-centr\#
        al-1.amazonaws.com/SimpleNotificationService-0.pem", "UnsubscribeURL": "https://sns.eu-central-1.ama\#
        zonaws.com/?Action=Unsubscribe", "Signature": "aqBhcSbRxH4G86EwzW0UktRNdjo4g/7VY3YQlnLgKxgruf2mhAExe\#
        kNGQoPl7U8HQzFCQrAP9+Q8tYtC4Lu/ggz8dvPfd7XCSj8PxaJsUwkwxLD/nmphMMgIriwSI41k3YYmbUDGX5EH92Vzhlz9NtPAR\#
        xuCZI4c7fPJ2Y5wOLgwfxdU7RG0YEtWHxx1uFPMxbCaPYMlljVZfgzk3O7BjYkevSFC480bCoMzQe4zcl8niKwiWgDTxWSoIxEOU\#
        Jm18DZjvMh2TYQiPvOLHLScoRUq8+x3lxC1YTd7vkaxSwLWrZJk1VwCZC+3JAtxmstGRxHjYe9zzW+UOlzbcBHc6A=="}
        """#
    static let secondVersion = #"""
        {"Type": "Notification", "MessageId": "5f0c", "TopicArn": "arn:aws:sns:eu-central-1:123456789012:bou\#
        nces", "Message": "{\"notificationType\":\"Bounce\",\"bounce\":{\"feedbackId\":\"0102018a-feedback\"\#
        ,\"bounceType\":\"Permanent\",\"bounceSubType\":\"General\",\"bouncedRecipients\":[{\"emailAddress\"\#
        :\"kijitora@example.net\",\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 55\#
        0 5.1.1 <kijitora@example.net>: user unknown\"}],\"timestamp\":\"2026-11-23T17:44:11.502Z\",\"report\#
        ingMTA\":\"dns; mx.example.com\"},\"mail\":{\"timestamp\":\"2026-11-23T17:44:10.000Z\",\"source\":\"\#
        shop@example.com\",\"messageId\":\"0102018a-mail\",\"destination\":[\"kijitora@example.net\"],\"head\#
        ers\":[{\"name\":\"X-Outspool-Id\",\"value\":\"20261123T174411Z-7f3a\"},{\"name\":\"Message-ID\",\"v\#
        alue\":\"<20261123T174411Z-7f3a@example.com>\"}],\"commonHeaders\":{\"subject\":\"Nyaan\"}}}", "Time\#
        stamp": "2026-11-23T17:44:12.000Z", "SignatureVersion": "2", "SigningCertURL": "https://sns.eu-centr\#
        al-1.amazonaws.com/SimpleNotificationService-0.pem", "UnsubscribeURL": "https://sns.eu-central-1.ama\#
        zonaws.com/?Action=Unsubscribe", "Signature": "OgR9Vs0s+SMO8nugqbY6IKRAKRmUfWNdE4Iyk0sarurloaT+AxsCP\#
        wQNEbr/H1mz2U9lJX4ZoUd8I9QXYW7MPN3lYr6BSFikBOyc09loEetW+16suonkKJ8Wl/dlDZny0rH3B171AUWxf0TOxx7x78qL0\#
        Wt4H8sMs4oagJ/9mMbejVspm8VVl9TAzT8REBX7SwjwupirWsW2aL3fLXwR3xWGi54PEzJ5NC2b2RhStfW/fX/EJ348rC53Y9AKq\#
        +g9w1O4fnuSXQOb8gTU0R9LiqY9cVJw0f/8M/RCl5I/Cf8YrOvb3k3gEd8eVDbpfSfgDNMEHyE/nblMbra4deLvSA=="}
        """#

    /// Four events of SendGrid, with the time that was signed.
    static let events = #"""
        [{"email":"kijitora@example.net","timestamp":1795455851,"smtp-id":"<20261123T174411Z-7f3a@example.co\#
        m>","event":"bounce","type":"bounce","sg_event_id":"ev1","sg_message_id":"abc.filter001.1","reason":\#
        "550 5.1.1 user unknown","status":"5.1.1","outspool_id":"20261123T174411Z-7f3a"},{"email":"mike@exam\#
        ple.net","timestamp":1795455852,"event":"deferred","sg_event_id":"ev2","response":"451 4.7.1 greylis\#
        ted, try again later"},{"email":"mike@example.net","timestamp":1795455853,"event":"open","sg_event_i\#
        d":"ev3"},{"email":"saba@example.net","timestamp":1795455854,"event":"spamreport","sg_event_id":"ev4\#
        "}]
        """#
    static let eventsTime = "1795455860"
    static let eventsSignature = """
        MEUCICyiw1d3MpHr0JTYbF512XqTGBWMgyjFxYKlifvYwk+GAiEA7xXTYPGQhp7gD4VEvuWBNc8rrNTzXTg4hZk/Gw/Ry2Q=
        """
}
