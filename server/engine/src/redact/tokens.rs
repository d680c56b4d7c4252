//! Tokens that their vendors let begin with letters of their own, so that leaks are found.

use super::near::Near;
use super::rules::{Rule, Stem};

/// Each source says how the tokens begin; how long they are at least is a guess that is kept short.
pub const ACCESS_TOKEN: Rule = Rule {
    name: "access_token",
    stems: &[DOCUMENTED, SEEN],
    pattern: concat!(
        // docs.github.com, "About authentication to GitHub", "GitHub's token formats"
        r"gh[pousr]_\w{20,}|github_pat_\w{20,}",
        // docs.gitlab.com/security/tokens, "Token prefixes"; newer ones have parts behind dots
        r"|gl(?:pat|oas|cbt|ptt|imt|agent|soat|ffct)-[\w-]{16,}(?:\.[\w-]+)*",
        r"|\bgl(?:dt|rtr?|ft|wt)-[\w-]{16,}(?:\.[\w-]+)*",
        // developer.hashicorp.com/vault/docs/concepts/tokens, "Token formats"
        r"|hv[sbr][.][\w-]{20,}",
        // docs.stripe.com/api/authentication; of restricted keys in gitlab-org/gitlab, issue 458019
        r"|\b[sr]k_(?:live|test)_\w{10,}",
        // github.blog, "Announcing npm's new access token format"
        r"|npm_\w{30,}",
        // shopify.dev/changelog, on the lengths of access tokens and of secret keys
        r"|shp(?:at|ca|pa|ss)_\w{20,}",
        // gitlab-org/security-products/analyzers/secrets, merge request 178
        r"|do[opr]_v1_\w{30,}",
        // huggingface.co/docs/hub/security-tokens
        r"|\bhf_\w{30,}",
        // github.com/twilio/ai, "twilio-sendgrid-account-setup"
        r"|\bsg\.[\w-]{16,}\.[\w-]{16,}",
        // docs.slack.dev names xoxb and xoxp; those of browsers are written as in a URL
        r"|xox[a-z]-[\w%-]{10,}|xapp-[\w-]{10,}",
        r"|hooks\.slack\.com/(?:services|workflows)/([\w/]{10,})",
        // discord.com/developers/docs/resources/webhook
        r"|discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/([\w-]{20,})",
        // of the rest no page of the vendor's was found that says so: OpenAI and Anthropic, Stripe's
        // webhooks, PyPI, Google, Entra's client secrets, Twilio, Databricks, Grafana, Telegram
        r"|\bsk-[\w-]{20,}|whsec_[\w+/=]{10,}|pypi-[\w-]{30,}",
        r"|ya29[.][\w.-]{20,}|gocspx-[\w-]{20,}|\b\w{3}[78]Q~[\w.~-]{30,}",
        r"|\bsk[0-9a-f]{32}\b|\bdapi[0-9a-f]{32}(?:-\d+)?|glsa_\w{20,}",
        r"|\b(?:bot)?\d{8,10}:AA[\w-]{30,}",
    ),
};

/// Vault's, up to its version 1.9: a letter and a full stop are too little to know them by alone.
/// developer.hashicorp.com/vault/docs/concepts/tokens, "Token formats"
pub const VAULT_TOKEN: Rule = Rule {
    name: "access_token",
    stems: &[&[("vault ", Near::Anything), ("token [sbr].", Near::Anything)]],
    pattern: r#"\b(?:vault|token)[ \t][^;|&]{0,80}?((?-i:\b[sbr]\.[A-Za-z0-9]{24})\b(?:\.\w+)?)"#,
};

/// One-time passwords and those of cards; the pins of a chip have fewer digits.
pub const CODE: Rule = Rule {
    name: "secret",
    stems: &[&[
        ("pin[=:\"]", Near::Start),
        ("otp[=\"_]", Near::Anything),
        ("_pin[=:\"]", Near::Anything),
    ]],
    pattern: r#"(?:\b|_)(?:pin|t?otp)(?:_?code)?\\*["']?[ \t]*[=:][ \t]*\\*["']?(\d{4,8}|\w{3,7}\d\w{0,7})\b"#,
};

const DOCUMENTED: &[Stem] = &[
    ("gh[pousr]_", Near::Anything),
    ("github_pat_", Near::Anything),
    ("glpat-", Near::Anything),
    ("gloas-", Near::Anything),
    ("glcbt-", Near::Anything),
    ("glptt-", Near::Anything),
    ("glimt-", Near::Anything),
    ("glagent-", Near::Anything),
    ("glsoat-", Near::Anything),
    ("glffct-", Near::Anything),
    ("gl[drfw]t-", Near::Start),
    ("glrtr-", Near::Start),
    ("hv[sbr].", Near::Anything),
    ("[sr]k_live_", Near::Start),
    ("[sr]k_test_", Near::Start),
    ("npm_", Near::Anything),
    ("shp[acps][ats]_", Near::Anything),
    ("do[opr]_v1_", Near::Anything),
    ("hf_?", Near::Start),
    ("sg.?", Near::Start),
    ("xox?-", Near::Anything),
    ("xapp-", Near::Anything),
    ("hooks.slack", Near::Anything),
    ("/webhooks/", Near::Anything),
];

const SEEN: &[Stem] = &[
    ("sk-?", Near::Start),
    ("whsec_", Near::Anything),
    ("pypi-", Near::Anything),
    ("ya29.", Near::Anything),
    ("gocspx-", Near::Anything),
    ("[78]q~?", Near::Anything),
    ("sk[0123456789abcdef][0123456789abcdef]", Near::Start),
    ("dapi", Near::Start),
    ("glsa_", Near::Anything),
    (":aa?", Near::Anything),
];
