//! Tables of lines that tests clean: with secrets, with identifiers, and with nothing to hide.

/// A line of each kind, and what must not be left of it.
pub const IDENTIFIERS: &[(&str, &str)] = &[
    ("from 10.1.2.3 port", "10.1.2.3"),
    ("at 2001:db8::17 up", "db8"),
    ("mac 00:1a:2b:3c:4d:5e", "1a:2b"),
    ("mail to ann@example.com ok", "ann"),
    ("paid by 4111 1111 1111 1111", "4111"),
    ("on node-01 at noon", "node-01"),
    ("for user alice today", "alice"),
    ("mac 001a.2b3c.4d5e up", "2b3c"),
    ("to ann%40mail.example&x", "ann"),
    ("m\u{fc}ller@mail.example", "ller"),
    ("Nov 20 14:02:03 stor7 sshd[1]: x", "stor7"),
    ("::1 - carol [20/Nov/2026:14:02:03 +0000]", "carol"),
];

pub const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEhunter2\nhunter2AA==\n-----END RSA PRIVATE KEY-----\n";

/// In secrets that have no other letters.
pub const HEX: &str = "0123456789abcdef";

/// In each line the secret reads `hunter2`, sometimes with more around it, or holds [`HEX`].
pub const SECRETS: &[(&str, &str)] = &[
    ("password", "password=hunter2"),
    ("password", "DB_PASSWORD = hunter2, user=x"),
    ("password", "the Password: hunter2"),
    ("password", "password_confirmation=hunter2"),
    ("password", "passwd:hunter2;x"),
    ("password", "PWD=hunter2;Database=x"),
    (
        "password",
        r#"{"user":"x","password":"hu\"hunter2 and, more","n":1}"#,
    ),
    ("password", r#"{"password" : 'a hunter2'}"#),
    ("password", r#""{\"password\":\"a hunter2\",\"n\":1}""#),
    ("password", r#"password="unterminated hunter2"#),
    ("password", "config['password'] = 'a hunter2'"),
    ("password", "user[password]=hunter2&x=1"),
    ("password", "Login { password: Some(\"a hunter2\"), id: 1 }"),
    ("password", "password => b'hunter2'"),
    ("password", "q=1&password%3Dhunter2"),
    ("password", r#"passwords: ["a", "hunter2"]"#),
    ("password", "Driver=x;Pwd={a;hunter2};y"),
    ("password", r#"{"user":"a","pass":"hunter2"}"#),
    ("password", "pass=hunter2 user=x"),
    ("password", "ENV DB_PASS=hunter2"),
    ("password", r"password=\u0053hunter2"),
    ("password", "\x1b[31mpassword\x1b[0m=hunter2"),
    ("password", "ALTER USER bob WITH PASSWORD 'a hunter2'"),
    ("password", "CREATE USER bob IDENTIFIED BY 'a hunter2'"),
    ("password", "set password \"a hunter2\""),
    ("password", "password\thunter2"),
    ("password", "userPassword:: hunter2+/="),
    ("cookie", "GET /x;jsessionid=hunter2 ok"),
    ("url_password", "dsn root:hunter2@tcp(db:3306)/x"),
    ("argument", "mysql -u root -phunter2 db"),
    ("argument", "sshpass -p hunter2 ssh h"),
    ("argument", "curl -s -u admin:hunter2 http://h"),
    ("secret", "client_secret=hunter2"),
    ("secret", "api-key: hunter2"),
    ("secret", "X-Api-Key: hunter2"),
    ("secret", "apiKey=hunter2"),
    ("secret", "access_key: hunter2"),
    ("secret", "aws_secret_access_key = a/hunter2+b"),
    ("secret", "token: Bearer hunter2"),
    ("secret", "token=1,hunter2,3"),
    ("secret", "token=x{'password':'a hunter2'}"),
    ("secret", "id_token=x&access_token=hunter2&z=1"),
    ("authorization", "authorization: Bearer hunter2"),
    ("authorization", "> Authorization: Basic hunter2=="),
    (
        "authorization",
        r#"{"Authorization":"Bearer hunter2","Host":"h"}"#,
    ),
    (
        "authorization",
        r#""Authorization": ["Bearer hunter2"], "Host": "h""#,
    ),
    (
        "authorization",
        "curl -H 'Authorization: Bearer hunter2' http://h",
    ),
    (
        "authorization",
        r#"Authorization: Digest username="x", response="hunter2""#,
    ),
    (
        "authorization",
        "Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=hunter2",
    ),
    ("authorization", "Proxy-Authorization: hunter2"),
    ("cookie", "Cookie: a=1; session=hunter2"),
    ("cookie", "< set-cookie: sid=hunter2; Path=/; HttpOnly"),
    ("cookie", r#"{"Cookie": "sid=hunter2", "x": 1}"#),
    (
        "connection_string",
        "AccountName=x;AccountKey=ahunter2==;EndpointSuffix=y",
    ),
    (
        "connection_string",
        "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=hunter2=",
    ),
    (
        "sas_signature",
        "PUT https://a.blob.core.windows.net/c?sv=1&sig=hunter2%3D&se=2",
    ),
    ("sas_signature", "?sig=hunter2"),
    ("sas_signature", "x%26sig%3Dhunter2"),
    ("sas_signature", "https://s3/x?X-Amz-Signature=hunter2&y=1"),
    ("sas_signature", r#""sig": "AAAAAAAAAAAAAAAAhunter2A=""#),
    ("url_password", "dial amqp://user:hunter2@host:5672/v"),
    ("url_password", "redis://:p@hunter2@host"),
    (
        "url_password",
        "clone https://AAAAAAAAAAAAAhunter2@host/x.git",
    ),
    ("argument", "exec: app --password hunter2 --verbose"),
    ("password", "app --db-password 'a hunter2'"),
    ("argument", "[\"app\", \"x\"] -token hunter2"),
    ("named_value", r#"<add key="Password" value="a hunter2"/>"#),
    (
        "named_value",
        r#"{"name":"DB_PASSWORD","value":"a hunter2"}"#,
    ),
    ("element", "<Password>a hunter2</Password>"),
    (
        "element",
        r#"<ns:clientSecret type="s">hunter2</ns:clientSecret>"#,
    ),
    ("jwt", "got eyJhbGciOiJI.eyJzdWIiOiIx.hunter2_sig for x"),
    ("cookie", "curl -H 'Cookie: sid=hunter2' http://h"),
    ("cookie", "x cookie=sid:hunter2 y"),
    ("cloud_key", "id AKIAHUNTER2AAAAAAAAA used"),
    (
        "cloud_key",
        "id AIzaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2 used",
    ),
    ("access_token", "with ghp_aaaaaaaaaaaaaaaaahunter2"),
    ("access_token", "with github_pat_aaaaaaaaaaaaaaahunter2"),
    ("access_token", "with glpat-aaaaaaaaaaaahunter2"),
    ("access_token", "with glptt-aaaaaaaaaaaahunter2"),
    (
        "access_token",
        "with pypi-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    ("access_token", "with ya29.aaaaaaaaaaaaaaaaahunter2"),
    (
        "access_token",
        "with SK0123456789abcdef0123456789abcdef now",
    ),
    (
        "access_token",
        "with dapi0123456789abcdef0123456789abcdef now",
    ),
    ("access_token", "with xoxb-1234567890-hunter2"),
    ("access_token", "with glrt-aaaaaaaaaaahunter2"),
    ("access_token", "with xapp-1-A0-hunter2"),
    (
        "access_token",
        "with https://hooks.slack.com/services/T0AA/B0AA/hunter2",
    ),
    (
        "access_token",
        "with https://discord.com/api/webhooks/123/aaaaaaaaaaaaaahunter2",
    ),
    ("access_token", "with sk-ant-aaaaaaaaaaaaaahunter2"),
    ("access_token", "with rk_live_aaaahunter2"),
    ("access_token", "with whsec_aaaahunter2"),
    (
        "access_token",
        "with npm_aaaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    ("access_token", "with hvb.aaaaaaaaaaaaaaaaahunter2"),
    ("access_token", "with GOCSPX-aaaaaaaaaaaaaaaahunter2"),
    ("access_token", "with shpss_aaaaaaaaaaaaaaahunter2"),
    (
        "access_token",
        "with aaa8Q~aaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    (
        "access_token",
        "with SG.aaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaahunter2",
    ),
    (
        "access_token",
        "with hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    ("access_token", "with glsa_aaaaaaaaaaaaaaaahunter2_0000"),
    (
        "access_token",
        "with dor_v1_aaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    (
        "access_token",
        "with POST /bot123456789:AAaaaaaaaaaaaaaaaaaaaaaaaaaahunter2/send",
    ),
    ("password_hash", "root:$6$salt$hunter2hunter2hunter2:19000"),
    ("password_hash", "x $2b$12$hunter2hunter2hunter2hunter2"),
    ("password_hash", "x {SSHA512}aaaaaaaaaaahunter2"),
    ("password_hash", "root:aahunter2aaAA:19000:0:99999:7:::"),
    ("private_key", KEY),
    (
        "private_key",
        r#"{"pem":"-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----\n","b":1}"#,
    ),
    (
        "private_key",
        r#"torn "-----BEGIN PRIVATE KEY-----\nMIIhunter2"#,
    ),
];

/// Lines in which nothing is secret.
pub const CLEAN: &[&str] = &[
    "",
    "Nov 20 14:02:03 host sshd[1]: Failed password for root from 10.0.0.1 port 22 ssh2",
    "token-service: started with 4 threads",
    "domain::secret::store: opened",
    "password=, token=null, secret: ***, using password: YES",
    "password=\"\" and password=''",
    r#"{"secret": {"name": "x"}}"#,
    "GET https://host:8080/a/b@c?x=1",
    "mailto a@b.c at http://host/x",
    "signal sig: 11, design: x",
    "-----BEGIN CERTIFICATE-----",
    "compound keyed, tokenizer warm, cookies eaten",
    "costs $5 or $12.50",
    "\u{fffd} \0 \u{7f}",
];

/// Values on the lines after their key.
pub const AWAITED: &[&str] = &[
    "password:\nhunter2",
    "password:\n\n  a hunter2",
    "password: \"\nhunter2",
    "{\"password\":\n  \"hunter2\",",
    "tokens:\n  - a hunter2\n  - hunter2",
    "password: |\n    hunter2\n\n      hunter2",
];
