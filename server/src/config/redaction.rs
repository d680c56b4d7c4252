//! The table `[redaction]`: names of this stack, and rules of its own with examples.
//!
//! A rule is taken only with examples that it passes: one that takes nothing would be found out by
//! whoever reads the bundle.

use std::collections::HashSet;

use engine::{OwnRule, RedactionConfig, RuleName};

use super::reader::Section;

/// Shorter names are not looked for.
const SHORTEST_NAME: usize = 3;

/// Reads the table; what it leaves out is empty.
pub fn read(section: Option<Section<'_, '_>>) -> RedactionConfig {
    let Some(mut section) = section else {
        return RedactionConfig::default();
    };
    let document = section.document();
    let mut names = |key| -> Vec<String> {
        let field = section.texts(key);
        let texts = field.map(|field| field.value).unwrap_or_default();
        texts
            .into_iter()
            .filter_map(|text| text.convert(document, name))
            .map(|text| text.value)
            .collect()
    };
    let (hosts, users) = (names("hosts"), names("users"));
    let mut known = HashSet::new();
    let rules = section.sections("rule").unwrap_or_default();
    let rules = rules
        .into_iter()
        .filter_map(|section| rule(section, &mut known))
        .collect();
    section.finish();
    RedactionConfig {
        hosts,
        users,
        rules,
    }
}

/// A name that is looked for wherever it stands.
fn name(text: String) -> Result<String, String> {
    if text.len() < SHORTEST_NAME {
        Err(format!(
            "{text:?} is too short: names of fewer than {SHORTEST_NAME} letters are part of too many words to be \
             looked for"
        ))
    } else if text == "localhost" {
        Err("\"localhost\" tells nothing of anybody, and is left as it is".to_owned())
    } else {
        Ok(text)
    }
}

fn rule(mut section: Section<'_, '_>, known: &mut HashSet<&'static str>) -> Option<OwnRule> {
    let document = section.document();
    section.need("name", "\"customer_number\"");
    let name = section
        .text("name")
        .and_then(|field| field.convert(document, |text| RuleName::parse(&text)));
    if let Some(name) = &name
        && !known.insert(name.value.as_str())
    {
        let message = format!("a rule named {:?} is already there", name.value.as_str());
        name.wrong(document, message);
    }
    section.need("pattern", "'customer no (\\d+)'");
    let pattern = section.text("pattern");
    section.need(
        "examples",
        "[{ text = \"customer no 47\", takes = \"47\" }]",
    );
    let examples = section.sections("examples").unwrap_or_default();
    section.finish();
    let rule = name.zip(pattern).and_then(|(name, pattern)| {
        pattern.convert(document, |pattern| OwnRule::new(name.value, &pattern))
    });
    let rule = rule.map(|field| field.value);
    let examples: Vec<_> = examples
        .into_iter()
        .filter_map(|section| example(section, rule.as_ref()))
        .collect();
    let rule = rule?;
    Some(match examples.into_iter().next() {
        Some(first) => rule.with_example(first),
        None => rule,
    })
}

/// The text of an example that comes out as it says; objects to others. Without a rule it looks at
/// the fields only.
fn example(mut section: Section<'_, '_>, rule: Option<&OwnRule>) -> Option<String> {
    let document = section.document();
    section.need("text", "\"customer no 47\"");
    let text = section.text("text");
    section.need("takes", "\"47\"");
    let takes = section.text("takes");
    section.finish();
    let (rule, text, takes) = (rule?, text?, takes?);
    if text.value.contains('\n') {
        text.wrong(document, "has several lines; rules look at one at a time");
        return None;
    }
    let taken = rule.taken(&text.value);
    if taken != [takes.value.as_str()] {
        let taken = match &taken[..] {
            [] => "nothing".to_owned(),
            taken => format!("{taken:?}"),
        };
        let message = format!(
            "does not come out: of {:?} the rule takes {taken}",
            text.value
        );
        takes.wrong(document, message);
        return None;
    }
    Some(text.value)
}

#[cfg(test)]
mod tests {
    use super::super::reader::Document;
    use super::*;

    fn parse(text: &str) -> Result<RedactionConfig, String> {
        let document = Document::new(text);
        let mut root = document.root();
        let read = read(root.section("redaction"));
        root.finish();
        let problems = document.into_problems();
        match problems.first() {
            None => Ok(read),
            Some(problem) => Err(problem.to_string()),
        }
    }

    const EXAMPLE: &str = "examples = [{ text = \"pin 47 x\", takes = \"47\" }]";

    #[test]
    fn a_rule_whose_examples_come_out_is_taken() {
        let read = parse(&format!(
            "[[redaction.rule]]\nname = \"pin\"\npattern = 'pin (\\d+)'\n{EXAMPLE}\n"
        ))
        .expect("no problem");
        let names: Vec<_> = read.rules.iter().map(OwnRule::name).collect();
        assert_eq!(names, ["pin"]);
    }

    #[test]
    fn a_name_that_would_not_be_looked_for_is_refused() {
        let read =
            parse("[redaction]\nhosts = [\"db1\"]\nusers = [\"eve\"]\n").expect("no problem");
        assert_eq!(
            (read.hosts, read.users),
            (vec!["db1".to_owned()], vec!["eve".to_owned()])
        );
        for (text, told) in [
            (
                "users = [\"eve\", \"e\"]",
                "2: redaction.users: \"e\" is too short",
            ),
            (
                "hosts = [\"db\"]",
                "2: redaction.hosts: \"db\" is too short",
            ),
            (
                "hosts = [\"localhost\"]",
                "2: redaction.hosts: \"localhost\" tells nothing",
            ),
        ] {
            let refused = parse(&format!("[redaction]\n{text}\n")).expect_err(text);
            assert!(refused.starts_with(told), "{refused}");
        }
    }

    #[test]
    fn a_rule_that_cannot_be_trusted_is_refused_where_it_stands() {
        let pin = "name = \"pin\"\n";
        let good = "name = \"pin\"\npattern = 'pin (\\d+)'\n";
        for (text, told) in [
            (
                format!("name = \"password\"\npattern = 'x'\n{EXAMPLE}"),
                "2: redaction.rule.name: \"password\" is the name of a built-in rule",
            ),
            (
                format!("name = \"Pin-1\"\npattern = 'x'\n{EXAMPLE}"),
                "2: redaction.rule.name: \"Pin-1\" is not a name",
            ),
            (
                format!("{good}{EXAMPLE}\n[[redaction.rule]]\n{good}{EXAMPLE}"),
                "6: redaction.rule.name: a rule named \"pin\" is already there",
            ),
            (
                format!("{pin}pattern = 'pin ('\n{EXAMPLE}"),
                "3: redaction.rule.pattern: is not a regular expression: unclosed group",
            ),
            (
                format!("{pin}pattern = '\\d*'\n{EXAMPLE}"),
                "3: redaction.rule.pattern: matches the empty text",
            ),
            (
                format!("{pin}pattern = '(?:\\w{{200}}){{200}}'\n{EXAMPLE}"),
                "3: redaction.rule.pattern: is too large",
            ),
            (good.to_owned(), "1: redaction.rule.examples: is missing"),
            (
                format!("{good}examples = []"),
                "4: redaction.rule.examples: is empty",
            ),
            (
                format!("{good}examples = [{{ text = \"pin 47\" }}]"),
                "4: redaction.rule.examples.takes: is missing",
            ),
            (
                format!("{good}examples = [{{ text = \"PIN 47\", takes = \"47\" }}]"),
                "4: redaction.rule.examples.takes: does not come out: of \"PIN 47\" the rule takes nothing",
            ),
            (
                format!("{good}examples = [{{ text = \"pin 478\", takes = \"47\" }}]"),
                "4: redaction.rule.examples.takes: does not come out: of \"pin 478\" the rule takes [\"478\"]",
            ),
        ] {
            let refused = parse(&format!("[[redaction.rule]]\n{text}\n")).expect_err(&text);
            assert!(refused.starts_with(told), "{refused}");
        }
    }
}
