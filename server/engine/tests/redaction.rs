//! What operators see and choose of redaction: a preview, and the setting for proactive collections.

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use common::{Serving, Stack, entries, files_below, operator, read_entry, wait_for_end};
use domain::preview::Extent;
use domain::settings::SettingsChange;
use domain::views::CollectionDetail;
use domain::{CollectionState, DestinationChoice, DestinationKind, PartState, Reason};
use engine::{EngineError, OwnRule, PreviewRequest, RuleName, SourceConfig};

const SECRET: &str = "hunter2-of-the-preview";
const ADDRESS: &str = "ann@contoso.example";

fn request(stack: &Stack, identifiers: bool) -> PreviewRequest {
    PreviewRequest {
        start: stack.start(),
        end: stack.end,
        roles: Vec::new(),
        identifiers,
    }
}

/// A collection into a directory that puts pseudonyms in the place of identifiers.
async fn collect_without_identifiers(
    serving: &Serving,
    stack: &Stack,
    output: &Path,
) -> CollectionDetail {
    let mut request = stack.request(DestinationChoice::Directory(Some(output.to_owned())));
    request.identifiers = true;
    let id = serving.collect(request).await;
    wait_for_end(&serving.engine, id).await
}

#[tokio::test]
async fn a_preview_shows_marks_in_their_lines_and_never_what_was_taken_out() {
    let mut stack = Stack::new();
    let at = |minutes| (stack.end - TimeDelta::minutes(minutes)).to_rfc3339();
    let lines = [
        format!("{} login password={SECRET} by {ADDRESS}\n", at(5)),
        format!("{} nothing to see\n", at(4)),
        format!("{} mail for {ADDRESS}\n", at(3)),
        // before the window
        format!("{} password=too-old-to-be-seen\n", at(90)),
    ];
    fs::write(stack.role("Identity").join("login.log"), lines.concat()).unwrap();
    let ran = stack.root.path().join("ran");
    stack.add_source(
        "Tools",
        SourceConfig::Command {
            name: "touch".to_owned(),
            run: vec!["/bin/touch".to_owned(), ran.display().to_string()],
            timeout: Duration::from_secs(5),
        },
    );
    let engine = stack.engine().await;

    let preview = engine.preview(request(&stack, false)).await.unwrap();
    let [identity, tools] = &preview.roles[..] else {
        panic!("{preview:?}");
    };
    assert_eq!(identity.extent, Extent::Whole);
    assert_eq!((identity.items_read, identity.items), (1, 1));
    let total: u64 = identity.counts.iter().map(|count| count.count).sum();
    assert_eq!(total, 1, "{:?}", identity.counts);
    let [sample] = &identity.samples[..] else {
        panic!("{:?}", identity.samples);
    };
    assert!(sample.pieces.iter().any(|piece| piece.is_mark));
    let shown = serde_json::to_string(&preview).unwrap();
    assert!(
        shown.contains(ADDRESS) && shown.contains("login "),
        "{shown}"
    );
    assert!(
        !shown.contains(SECRET) && !shown.contains("too-old"),
        "{shown}"
    );
    // commands wait for a collection
    assert_eq!(tools.extent, Extent::Nothing);
    assert!(!ran.exists());

    let preview = engine.preview(request(&stack, true)).await.unwrap();
    let identity = &preview.roles[0];
    assert_eq!(identity.samples.len(), 2);
    let pseudonyms: Vec<_> = identity
        .samples
        .iter()
        .flat_map(|sample| &sample.pieces)
        .filter(|piece| piece.is_mark && piece.text.starts_with("mail-"))
        .map(|piece| piece.text.as_str())
        .collect();
    assert_eq!(pseudonyms.len(), 2);
    assert_eq!(pseudonyms[0], pseudonyms[1]);
    let shown = serde_json::to_string(&preview).unwrap();
    assert!(!shown.contains(ADDRESS), "{shown}");
    // and nothing of it is kept
    for file in files_below(&stack.config.data_directory) {
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            !text.contains(ADDRESS) && !text.contains(SECRET),
            "{}",
            file.display()
        );
    }
}

#[tokio::test]
async fn a_preview_ends_at_its_limit_and_says_so() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    stack.noisy_log(&directory.join("a.log"), 50);
    stack.noisy_log(&directory.join("b.log"), 50);
    let engine = stack.engine().await;
    let preview = engine.preview(request(&stack, false)).await.unwrap();
    let storage = &preview.roles[0];
    assert_eq!(storage.extent, Extent::Part);
    let most = preview.limits.bytes + (8 << 20);
    assert!(storage.read_bytes <= most, "{}", storage.read_bytes);
    assert!(storage.counts.is_empty() && storage.samples.is_empty());
}

#[tokio::test]
async fn a_preview_of_what_is_not_there_is_refused_by_field() {
    let mut stack = Stack::new();
    stack.role("Storage");
    let engine = stack.engine().await;
    let mut request = request(&stack, false);
    request.end = request.start;
    request.roles = vec![domain::RoleName("Nothing".to_owned())];
    match engine.preview(request).await {
        Err(EngineError::Invalid(errors)) => assert_eq!(errors.len(), 2, "{errors:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_setting_for_identifiers_is_kept_and_is_where_forms_begin() {
    let mut stack = Stack::new();
    stack.role("Storage");
    let engine = stack.engine().await;
    assert!(!engine.collect_options().await.unwrap().identifiers);
    for (proactive_enabled, identifiers) in [(true, true), (false, true), (true, false)] {
        let change = SettingsChange {
            proactive_enabled,
            destination: DestinationKind::Directory,
            sas_url: None,
            identifiers,
        };
        engine.save_settings(change, &operator()).await.unwrap();
        let settings = engine.settings().await.unwrap();
        assert_eq!(settings.identifiers, identifiers);
        assert_eq!(settings.proactive_enabled, proactive_enabled);
        let consent = settings.consent.map(|consent| consent.version);
        let expected = proactive_enabled.then(|| domain::consent::VERSION.to_owned());
        assert_eq!(consent, expected);
        let options = engine.collect_options().await.unwrap();
        assert_eq!(options.identifiers, identifiers);
    }
}

#[tokio::test]
async fn an_own_rule_takes_its_secret_in_collections_and_when_shown() {
    let mut stack = Stack::new();
    let name = RuleName::parse("customer_no").unwrap();
    let rule = OwnRule::new(name, r"customer (\d+)").unwrap();
    stack.config.redaction.rules = vec![rule];
    let stamp = (stack.end - TimeDelta::minutes(5)).to_rfc3339();
    let line = format!("{stamp} order of customer 4711001\n");
    fs::write(stack.role("Shop").join("shop.log"), &line).unwrap();

    let mut shown = Vec::new();
    let counts =
        engine::clean_stream(&stack.config, false, &mut line.as_bytes(), &mut shown).unwrap();
    assert_eq!(counts, [("customer_no".to_owned(), 1)].into());
    let expected = format!("{stamp} order of customer [redacted:customer_no]\n");
    assert_eq!(String::from_utf8(shown).unwrap(), expected);

    let engine = stack.engine().await;
    let preview = engine.preview(request(&stack, false)).await.unwrap();
    let [count] = &preview.roles[0].counts[..] else {
        panic!("{preview:?}");
    };
    assert_eq!((count.rule.as_str(), count.count), ("customer_no", 1));
}

#[tokio::test]
async fn names_of_items_are_cleaned_wherever_they_are_told_and_a_retry_knows_them_again() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    let tokens = ["AB", "CD"].map(|end| format!("ghp_0123456789abcdefghijklmnopqrstuvwxyz{end}"));
    let mail = "ann.smith@contoso.example";
    let mut kept = Vec::new();
    for (number, name) in [
        format!("token={}.log", tokens[0]),
        format!("token={}.log", tokens[1]),
        format!("session-of-{mail}.log"),
        "plain.log".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let step = TimeDelta::minutes(2 + i64::try_from(number).unwrap());
        kept.push(stack.log(&directory.join(name), step));
    }
    let escape = directory.join(format!("password={}.log", tokens[0]));
    std::os::unix::fs::symlink("/etc/hostname", escape).unwrap();
    let absent = directory.join("absent.log");
    let source = |path: &std::path::Path| SourceConfig::Files {
        paths: vec![path.display().to_string()],
        time_zone: None,
        time_format: None,
        time_key: None,
        binary: false,
    };
    stack.add_source("Storage", source(&absent));
    let output = stack.root.path().join("out");
    let serving = Serving::start(stack.engine().await);
    let detail = collect_without_identifiers(&serving, &stack, &output).await;
    let id = detail.summary.id;
    assert_eq!(detail.summary.state, CollectionState::PartiallyComplete);

    let folder = output.join(&detail.folder).join("node-01");
    let zip = folder.join("Storage.zip");
    let mut names = entries(&zip);
    names.retain(|name| name != "errors.txt");
    names.sort();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with("/plain.log")));
    assert!(names.iter().any(|name| name.contains("mail-")));
    assert!(names.contains(&format!("{}~", names[2])), "{names:?}");
    let mut contents: Vec<_> = names.iter().map(|name| read_entry(&zip, name)).collect();
    contents.sort();
    kept.sort();
    assert_eq!(contents, kept);
    let told = format!(
        "{names:?} {} {} {}",
        read_entry(&zip, "errors.txt"),
        serving.manifest(id).await,
        serde_json::to_string(&serving.engine.collection(id).await.unwrap()).unwrap()
    );
    let holds_secret = |text: &str| text.contains("ghp_") || text.contains("smith@");
    assert!(!holds_secret(&told), "{told}");

    // what was had is not read again, although two names had become one
    stack.log(&absent, TimeDelta::minutes(1));
    serving.engine.retry(id, &operator()).await.unwrap();
    wait_for_end(&serving.engine, id).await;
    let again = entries(&folder.join("Storage.002.zip"));
    assert_eq!(again.len(), 2, "{again:?}");
    assert!(again[0].ends_with("/absent.log"), "{again:?}");
    assert_eq!(again[1], "errors.txt");
    serving.stop().await;
    for root in [&stack.config.data_directory, &output] {
        for file in files_below(root) {
            let bytes = fs::read(&file).unwrap();
            let leaked = holds_secret(&String::from_utf8_lossy(&bytes));
            assert!(!leaked, "a name stands in {}", file.display());
        }
    }
}

#[tokio::test]
async fn pseudonyms_are_looked_up_where_they_were_given_and_who_asks_is_recorded() {
    let mut stack = Stack::new();
    let directory = stack.role("Network");
    let log = directory.join("access.log");
    let at = (stack.end - TimeDelta::minutes(5)).to_rfc3339();
    let line = format!("{at} from 10.1.2.3 to 10.1.2.4 and back to 10.1.2.3\n");
    fs::write(&log, line).unwrap();
    let output = stack.root.path().join("out");
    let serving = Serving::start(stack.engine().await);
    let detail = collect_without_identifiers(&serving, &stack, &output).await;
    let id = detail.summary.id;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let zip = output.join(&detail.folder).join("node-01/Network.zip");
    let text = read_entry(&zip, &entries(&zip)[0]);
    assert!(!text.contains("10.1.2"), "{text}");
    let given: Vec<_> = text
        .split_whitespace()
        .filter(|word| word.starts_with("ip-"))
        .collect();
    assert_eq!(given.len(), 3, "{text}");
    assert_eq!(given[0], given[2]);
    for (pseudonym, value) in [
        (given[0], Some("10.1.2.3")),
        (given[1], Some("10.1.2.4")),
        ("ip-nothing", None),
    ] {
        let found = serving.engine.pseudonym(id, pseudonym, &operator()).await;
        assert_eq!(found.unwrap().as_deref(), value);
    }
    // the values themselves stand nowhere in the clear
    for file in files_below(&stack.config.data_directory) {
        let bytes = fs::read(&file).unwrap();
        let leaked = String::from_utf8_lossy(&bytes).contains("10.1.2");
        assert!(!leaked, "an address stands in {}", file.display());
    }
    let manifest = serving.manifest(id).await;
    assert_eq!(manifest["request"]["identifiers"], true);
    serving.stop().await;
}

#[tokio::test]
async fn a_secret_of_the_configuration_is_used_and_stands_nowhere() {
    const PASSWORD: &str = "hunter2hunter2";
    let mut stack = Stack::new();
    let command = |name: &str, run: &[&str]| SourceConfig::Command {
        name: name.to_owned(),
        run: run.iter().map(|&argument| argument.to_owned()).collect(),
        timeout: common::PATIENCE,
    };
    let tell = ["/bin/sh", "-c", "echo ${#2}", "--", "--password", PASSWORD];
    stack.add_source("Host", command("told", &tell));
    let missing = format!("/nowhere/--password={PASSWORD}");
    stack.add_source("Host", command("broken", &[&missing]));
    let logs = stack.root.path().join(format!("logs/password={PASSWORD}"));
    fs::create_dir_all(&logs).unwrap();
    let kept = stack.log(&logs.join("app.log"), TimeDelta::minutes(1));
    for pattern in ["*.log", "absent.log"] {
        stack.add_source(
            "Host",
            SourceConfig::Files {
                paths: vec![format!("{}/{pattern}", logs.display())],
                time_zone: None,
                time_format: None,
                time_key: None,
                binary: false,
            },
        );
    }
    let output = stack.root.path().join("out");
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(Some(output.clone()))))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::PartiallyComplete);
    let zip = output.join(&detail.folder).join("node-01/Host.zip");
    let names = entries(&zip);
    let log = names.iter().find(|name| name.ends_with("/app.log"));
    assert_eq!(
        read_entry(&zip, log.unwrap()),
        kept,
        "the true path was read"
    );
    let told = read_entry(&zip, "commands/told.txt");
    assert!(told.starts_with(&PASSWORD.len().to_string()), "{told}");

    // also what a retry finds out
    serving.engine.retry(id, &operator()).await.unwrap();
    wait_for_end(&serving.engine, id).await;
    let manifest = serving.manifest(id).await.to_string();
    assert!(!manifest.contains(PASSWORD), "{manifest}");
    serving.stop().await;
    for root in [&stack.config.data_directory, &output] {
        for file in files_below(root) {
            let bytes = fs::read(&file).unwrap();
            let leaked = String::from_utf8_lossy(&bytes).contains(PASSWORD);
            assert!(!leaked, "the password stands in {}", file.display());
        }
    }
}

#[tokio::test]
async fn what_is_no_text_is_withheld() {
    let mut stack = Stack::new();
    let path = stack.role("Database").join("errorlog");
    fs::write(&path, b"SQLite format 3\0password=hunter2").unwrap();
    let written = fs::FileTimes::new().set_modified(stack.start().into());
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_times(written).unwrap();
    let serving = Serving::start(stack.engine().await);
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.parts[0].state, PartState::Failed(Reason::Binary));
    serving.stop().await;
}
