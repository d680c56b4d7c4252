//! The table `[limits]`: how much a collection may keep, how long it may read, how urgent it is.

use std::time::Duration;

use engine::{Budget, Budgets, Priority};

use super::reader::{Document, Field, Section};

/// What a field was set to, with its place; or its default.
struct Bound<T> {
    value: T,
    field: Option<Field<T>>,
}

impl<T: Copy> Bound<T> {
    fn or(field: Option<Field<T>>, default: T) -> Self {
        Self {
            value: field.as_ref().map_or(default, |field| field.value),
            field,
        }
    }
}

/// Reads the table; what it leaves out has its default.
pub fn read(section: Option<Section<'_, '_>>) -> (Budgets, Priority) {
    let defaults = Budgets::default();
    let Some(mut section) = section else {
        return (defaults, Priority::default());
    };
    let document = section.document();
    let mut bytes = |key, default: Budget| {
        let field = section.size(key).and_then(|field| {
            field.convert(document, |size| match size {
                0 => Err("must be more than nothing".to_owned()),
                size => Ok(size),
            })
        });
        Bound::or(field, default.bytes)
    };
    let item_bytes = bytes("item_bytes", defaults.item);
    let part_bytes = bytes("part_bytes", defaults.part);
    let collection_bytes = bytes("collection_bytes", defaults.collection);
    let mut time = |key, default: Budget| Bound::or(section.length(key), default.time);
    let item_time = time("item_time", defaults.item);
    let part_time = time("part_time", defaults.part);
    let collection_time = time("collection_time", defaults.collection);
    let priority = section.text("priority").and_then(|field| {
        field.convert(document, |text| match text.as_str() {
            "low" => Ok(Priority::Low),
            "normal" => Ok(Priority::Normal),
            other => Err(format!(
                "{other:?} is not a priority; write \"low\" or \"normal\""
            )),
        })
    });
    section.finish();
    let sizes = Ordered {
        document,
        what: "bytes",
        write: domain::format::bytes,
    };
    sizes.check(&item_bytes, &part_bytes, &collection_bytes);
    let times = Ordered {
        document,
        what: "time",
        write: super::write_length,
    };
    times.check(&item_time, &part_time, &collection_time);
    let budgets = Budgets {
        item: budget(&item_bytes, &item_time),
        part: budget(&part_bytes, &part_time),
        collection: budget(&collection_bytes, &collection_time),
    };
    (
        budgets,
        priority.map_or_else(Priority::default, |field| field.value),
    )
}

fn budget(bytes: &Bound<u64>, time: &Bound<Duration>) -> Budget {
    Budget {
        bytes: bytes.value,
        time: time.value,
    }
}

/// Checks that no budget is greater than the one above it: its own would never be reached.
struct Ordered<'d, 'a, T> {
    document: &'d Document<'a>,
    what: &'static str,
    write: fn(T) -> String,
}

impl<T: Copy + PartialOrd> Ordered<'_, '_, T> {
    fn check(&self, item: &Bound<T>, part: &Bound<T>, collection: &Bound<T>) {
        self.check_pair("item", item, "part", part);
        self.check_pair("part", part, "collection", collection);
    }

    fn check_pair(&self, lower: &str, less: &Bound<T>, upper: &str, more: &Bound<T>) {
        if less.value <= more.value {
            return;
        }
        let (what, write) = (self.what, self.write);
        let (field, message) = match (&less.field, &more.field) {
            (Some(field), _) => (
                field,
                format!(
                    "is more than {upper}_{what}, which is {}; raise that too",
                    write(more.value)
                ),
            ),
            (None, Some(field)) => (
                field,
                format!(
                    "is less than {lower}_{what}, which is {}; lower that too",
                    write(less.value)
                ),
            ),
            // the defaults are in order
            (None, None) => return,
        };
        field.wrong(self.document, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Budgets, Priority), String> {
        let document = Document::new(text);
        let mut root = document.root();
        let read = read(root.section("limits"));
        root.finish();
        let problems = document.into_problems();
        match problems.first() {
            None => Ok(read),
            Some(problem) => Err(problem.to_string()),
        }
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(parse(""), Ok((Budgets::default(), Priority::Low)));
        let (budgets, priority) =
            parse("[limits]\nitem_bytes = \"1 MiB\"\npart_time = \"20m\"\npriority = \"normal\"\n")
                .expect("no problem");
        assert_eq!(budgets.item.bytes, 1 << 20);
        assert_eq!(budgets.part.time, Duration::from_secs(1200));
        assert_eq!(budgets.collection, Budgets::default().collection);
        assert_eq!(priority, Priority::Normal);
    }

    #[test]
    fn budgets_that_make_no_sense_are_refused_where_they_stand() {
        for (text, told) in [
            (
                "part_bytes = \"0\"",
                "2: limits.part_bytes: must be more than nothing",
            ),
            (
                "item_time = \"0s\"",
                "2: limits.item_time: must be longer than nothing",
            ),
            (
                "item_bytes = \"60 GiB\"",
                "2: limits.item_bytes: is more than part_bytes, which is 50.0 GiB; raise that too",
            ),
            (
                "collection_time = \"30m\"",
                "2: limits.collection_time: is less than part_time, which is 1h; lower that too",
            ),
            (
                "priority = \"high\"",
                "2: limits.priority: \"high\" is not a priority",
            ),
            (
                "item_size = \"1\"",
                "2: limits.item_size: is not a known field",
            ),
        ] {
            let refused = parse(&format!("[limits]\n{text}\n")).expect_err("a problem");
            assert!(refused.starts_with(told), "{refused}");
        }
    }
}
