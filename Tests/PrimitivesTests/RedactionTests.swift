import Primitives
import Testing

@Suite struct RedactionTests {
    @Test(arguments: [
        ("http://u:p@127.0.0.1:1/a", "http://u:***@127.0.0.1:1/a"),
        ("http://u:p@q:r@h/", "http://u:***@h/"),
        ("u:p@h:8500", "u:***@h:8500"),
        ("http://u@h/", "http://u@h/"),
        ("http://h:80/a@b:c@d", "http://h:80/a@b:c@d"),
        ("/v1/kv/a?token=x&dc=b", "/v1/kv/a?token=<hidden>&dc=b"),
        ("/v1/kv/a?dc=b;t%6fken=x", "/v1/kv/a?dc=b;t%6fken=<hidden>"),
        ("/v1/kv/a?%74%6F%6B%65%6E=x=y", "/v1/kv/a?%74%6F%6B%65%6E=<hidden>"),
        ("/v1/kv/token=x", "/v1/kv/token=x"),
        ("/v1/kv/a?keys&%zz=1&token", "/v1/kv/a?keys&%zz=1&token"),
        ("https://u:p@h/x?client_secret=s#f", "https://u:***@h/x?client_secret=<hidden>"),
        ("", ""),
    ])
    func urlsLoseTheirSecrets(_ url: String, _ shown: String) {
        #expect(Redaction.url(url) == shown)
    }

    @Test(arguments: [
        (
            #"Get "http://u:p@h:1/?token=x": connection refused"#,
            #"Get "http://u:***@h:1/?token=<hidden>": connection refused"#
        ),
        ("provider=aws secret_access_key=abc region=x",
            "provider=aws secret_access_key=<hidden> region=x"),
        ("X-Consul-Token: abc def\nnext: 1", "X-Consul-Token: <hidden>\nnext: 1"),
        (
            "tcp: \"u:p@h:1\" and http://h/?a=b#access_token=x",
            "tcp: \"u:***@h:1\" and http://h/?a=b#access_token=<hidden>"
        ),
        ("see http://h/#token=x&y=z", "see http://h/#token=<hidden>&y=z"),
        ("Authorization:Basic", "Authorization:<hidden>"),
        ("-H 'Authorization: Bearer abc' http://h/", "-H 'Authorization: <hidden>' http://h/"),
        ("a: b=c d", "a: b=c d"), ("plain words", "plain words"),
        ("http://h:80/ and 10:20", "http://h:80/ and 10:20"),
    ])
    func textsLoseTheirSecrets(_ text: String, _ shown: String) {
        #expect(Redaction.text(text) == shown)
    }
}
