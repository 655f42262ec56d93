//! The JSON Schema of the configuration, for editors: made from the vocabulary, so that it knows every key and no
//! other. It is a little laxer than the reader, which knows more than a schema can say.

use serde_json::{Map, Value, json};

use super::reference::{Entry, Shape, vocabulary};

/// Keys without which a map means nothing.
const REQUIRED: [(&str, &[&str]); 17] = [
    ("tests[]", &["name", "given", "expect"]),
    ("expect[]", &["rule", "action"]),
    ("given.acted[]", &["rule"]),
    ("given.pull_request.changed_files[]", &["filename"]),
    ("", &["webhook", "github"]),
    ("webhook", &["secrets"]),
    ("github.app", &["id", "private_key"]),
    ("github.reviewer", &["token"]),
    ("rules[]", &["name", "on", "then"]),
    ("rules[].on", &["schedule"]),
    ("rules[].keep", &["newest"]),
    ("rules[].when.acted", &["rule"]),
    ("rules[].then[].archive_logs", &["to"]),
    ("rules[].then[].notify", &["to"]),
    ("rules[].then[].check", &["name", "conclusion"]),
    ("rules[].then[].comment", &["body"]),
    ("channels[]", &["name", "url"]),
];

const DURATION: &str = r"^\s*([0-9]+\s*[a-zA-Z]+\s*)+$";
const RATE: &str = r"^[0-9]+\s*/\s*(minute|hour|day|week|([0-9]+\s*[a-zA-Z]+\s*)+)$";
const KEBAB_CASE: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// The JSON Schema (draft 2020-12) of the configuration.
#[must_use]
pub fn schema() -> Value {
    let vocabulary = Vocabulary(vocabulary());
    let mut root = vocabulary.map("");
    if let Some(map) = root.as_object_mut() {
        map.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".to_owned(), json!("runwarden's configuration"));
        map.insert("$defs".to_owned(), vocabulary.definitions());
    }
    root
}

struct Vocabulary(Vec<Entry>);

impl Vocabulary {
    /// The keys directly below a path.
    fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
        self.0.iter().filter_map(move |entry| {
            let name = entry.path.strip_prefix(&prefix)?;
            (!name.contains('.')).then_some((name, entry))
        })
    }

    /// A map with the keys below a path, and no other.
    fn map(&self, path: &str) -> Value {
        let properties: Map<String, Value> =
            self.below(path).map(|(name, entry)| (name.to_owned(), self.described(entry))).collect();
        let mut map = json!({ "type": "object", "properties": properties, "additionalProperties": false });
        if let Some((_, required)) = REQUIRED.iter().find(|(of, _)| *of == path)
            && let Some(map) = map.as_object_mut()
        {
            map.insert("required".to_owned(), json!(required));
        }
        map
    }

    /// What is used in many places: conditions on a run and on a job, which nest, and values.
    fn definitions(&self) -> Value {
        let secret = |name: &str| json!({ "type": "object", "properties": { name: text() }, "required": [name], "additionalProperties": false });
        json!({
            "conditions": self.map("rules[].when"),
            "job": self.conditions_on_a_job(),
            "givenJob": self.map("given.jobs[]"),
            "secret": { "oneOf": [secret("env"), secret("file")] },
            "duration": { "type": "string", "pattern": DURATION },
            "rate": { "type": "string", "pattern": RATE },
            "share": { "anyOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*%$" },
            ] },
            "countBounds": self.bounds(&count()),
            "durationBounds": self.bounds(&reference("duration")),
            "shareBounds": self.bounds(&reference("share")),
        })
    }

    fn conditions_on_a_job(&self) -> Value {
        let mut job = self.map("job");
        let nesting = self.0.iter().filter_map(|entry| {
            let name = entry.path.strip_prefix("rules[].when.")?;
            let one = reference("job");
            let value = match name {
                "not" => one,
                "any" | "all" => json!({ "type": "array", "minItems": 1, "items": one }),
                _ => return None,
            };
            Some((name.to_owned(), with_words(value, entry)))
        });
        if let Some(Value::Object(properties)) = job.get_mut("properties") {
            properties.extend(nesting);
        }
        job
    }

    /// Keys of its own, and the words of one job.
    fn signature(&self) -> Value {
        let mut signature = self.map("job");
        if let (Some(Value::Object(words)), Value::Object(mut own)) =
            (signature.get_mut("properties"), self.map("signatures[]"))
            && let Some(Value::Object(keys)) = own.remove("properties")
        {
            words.extend(keys);
        }
        if let Some(map) = signature.as_object_mut() {
            map.insert("required".to_owned(), json!(["name"]));
        }
        signature
    }

    fn bounds(&self, value: &Value) -> Value {
        let bounds =
            self.below("bounds").map(|(name, entry)| (name.to_owned(), with_words(value.clone(), entry)));
        let properties: Map<String, Value> = bounds.collect();
        json!({ "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1 })
    }

    /// The schema of a key's value with what the key is for.
    fn described(&self, entry: &Entry) -> Value {
        with_words(self.value(entry), entry)
    }

    fn value(&self, entry: &Entry) -> Value {
        match entry.path.as_str() {
            "rules[].on" => return self.triggers(entry),
            "rules[].then" => return self.actions(),
            "rules[].when.job" | "signatures[].none" => return reference("job"),
            "signatures[].any" | "signatures[].all" => {
                return json!({ "type": "array", "minItems": 1, "items": reference("job") });
            }
            "signatures" => return json!({ "type": "array", "items": self.signature() }),
            "rules[].when" | "rules[].when.not" => return reference("conditions"),
            "rules[].when.any" | "rules[].when.all" => {
                return json!({ "type": "array", "minItems": 1, "items": reference("conditions") });
            }
            "rules[].name" | "signatures[].name" => {
                return json!({ "type": "string", "pattern": KEBAB_CASE, "maxLength": 64 });
            }
            "webhook.secrets" => {
                return json!({ "type": "array", "minItems": 1, "items": reference("secret") });
            }
            path if is_of_jobs(path) => return reference("job"),
            _ => {}
        }
        if let Some(value) = self.of_tests(&entry.path) {
            return value;
        }
        match &entry.shape {
            Shape::Map => self.map(&entry.path),
            Shape::List => json!({ "type": "array", "items": self.map(&format!("{}[]", entry.path)) }),
            Shape::Text => text(),
            Shape::Texts | Shape::Patterns | Shape::LinePatterns => one_or_more(&text()),
            Shape::LinePatternsOrMap => {
                json!({ "anyOf": [one_or_more(&text()), self.map(&entry.path)] })
            }
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Count => count(),
            Shape::Factor => json!({ "type": "number", "minimum": 1 }),
            Shape::Duration => reference("duration"),
            Shape::Rate => reference("rate"),
            Shape::Share => reference("share"),
            Shape::Secret => reference("secret"),
            Shape::CountRange if self.below(&entry.path).next().is_some() => {
                let mut bounds = self.bounds(&count());
                if let Some(Value::Object(properties)) = bounds.get_mut("properties") {
                    let own = self.below(&entry.path);
                    properties.extend(own.map(|(name, entry)| (name.to_owned(), self.described(entry))));
                }
                json!({ "anyOf": [count(), bounds] })
            }
            Shape::CountRange => json!({ "anyOf": [count(), reference("countBounds")] }),
            Shape::DurationRange => reference("durationBounds"),
            Shape::ShareRange => json!({ "anyOf": [reference("share"), reference("shareBounds")] }),
            Shape::Word(words) => json!({ "enum": words }),
            Shape::Words(words) => one_or_more(&json!({ "enum": words })),
        }
    }

    /// What stands in tests and is no plain map or list of them.
    fn of_tests(&self, path: &str) -> Option<Value> {
        Some(match path {
            "tests[].given" => self.given("given"),
            "tests[].expect" => self.expected(),
            "given.runs" => {
                json!({ "type": "array", "minItems": 1, "items": self.given("given.runs[]") })
            }
            "given.jobs" | "given.runs[].jobs" => {
                json!({ "type": "array", "items": reference("givenJob") })
            }
            "given.job" => reference("givenJob"),
            "given.pull_request" | "given.runs[].pull_request" => {
                json!({ "anyOf": [{ "type": "null" }, self.map("given.pull_request")] })
            }
            "given.teams" => {
                let logins = json!({ "anyOf": [text(), { "type": "array", "items": text() }] });
                json!({ "type": "object", "additionalProperties": logins, "propertyNames": { "pattern": "^@" } })
            }
            "given.review" | "given.comment" => self.map(path),
            "given.acted" | "given.runs[].acted" => {
                json!({ "type": "array", "items": self.map("given.acted[]") })
            }
            "given.pull_request.changed_files" => {
                let file = json!({ "anyOf": [text(), self.map("given.pull_request.changed_files[]")] });
                one_or_more(&file)
            }
            "given.jobs[].steps" => {
                let step = json!({ "anyOf": [text(), self.map("given.jobs[].steps[]")] });
                json!({ "anyOf": [count(), { "type": "array", "items": step }] })
            }
            _ => return None,
        })
    }

    /// What a test gives: keys of its own, and the words of `when` with plain values.
    fn given(&self, path: &str) -> Value {
        let mut map = self.map(path);
        let words = self.below("rules[].when").filter_map(|(name, entry)| {
            let value = match &entry.shape {
                Shape::Patterns | Shape::LinePatterns => json!({ "anyOf": [text(), { "type": "null" }] }),
                Shape::CountRange => count(),
                Shape::DurationRange => reference("duration"),
                Shape::Flag => json!({ "type": "boolean" }),
                _ => return None,
            };
            Some((name.to_owned(), with_words(value, entry)))
        });
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            properties.extend(words);
        }
        map
    }

    /// `nothing`, or actions with their keys.
    fn expected(&self) -> Value {
        let mut map = self.map("expect[]");
        let of_actions = crate::model::ActionKind::ALL.into_iter().flat_map(|kind| {
            let path = format!("rules[].then[].{kind}");
            self.below(&path)
                .map(|(name, entry)| (name.to_owned(), self.described(entry)))
                .collect::<Vec<_>>()
        });
        if let Some(Value::Object(properties)) = map.get_mut("properties") {
            for (name, value) in of_actions {
                properties.entry(name).or_insert(value);
            }
        }
        json!({ "anyOf": [{ "enum": ["nothing"] }, { "type": "array", "minItems": 1, "items": map }] })
    }

    fn triggers(&self, entry: &Entry) -> Value {
        let words = match &entry.shape {
            Shape::Words(words) => words.clone(),
            _ => Vec::new(),
        };
        one_or_more(&json!({ "anyOf": [{ "enum": words }, self.map("rules[].on")] }))
    }

    /// Words, or maps of one word with its keys.
    fn actions(&self) -> Value {
        let words: Vec<&str> = self.below("rules[].then[]").map(|(name, _)| name).collect();
        let bodies: Map<String, Value> = self
            .below("rules[].then[]")
            .map(|(name, entry)| {
                let body = json!({ "anyOf": [{ "type": "null" }, self.map(&entry.path)] });
                (name.to_owned(), with_words(body, entry))
            })
            .collect();
        let one = json!({
            "type": "object",
            "properties": bodies,
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
        });
        json!({ "type": "array", "minItems": 1, "items": { "anyOf": [{ "enum": words }, one] } })
    }
}

fn is_of_jobs(path: &str) -> bool {
    let of = path.strip_prefix("rules[].when.").and_then(|path| path.split_once('.'));
    of.is_some_and(|(of, key)| {
        matches!(of, "jobs" | "failed_jobs") && matches!(key, "every" | "some" | "none" | "except")
    })
}

fn with_words(mut value: Value, entry: &Entry) -> Value {
    if let Some(map) = value.as_object_mut() {
        map.insert("description".to_owned(), json!(entry.doc));
        if let Some(default) = entry.default {
            map.insert("default".to_owned(), default_of(entry, default));
        }
    }
    value
}

/// Defaults are written as they are in YAML; numbers and flags are so in JSON too.
fn default_of(entry: &Entry, default: &str) -> Value {
    let list = default.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match (&entry.shape, list) {
        (Shape::Flag | Shape::Count | Shape::Factor, _) => {
            serde_json::from_str(default).unwrap_or_else(|_| json!(default))
        }
        (_, Some(items)) => items.split(", ").collect(),
        (_, None) => json!(default),
    }
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn one_or_more(one: &Value) -> Value {
    json!({ "anyOf": [one, { "type": "array", "minItems": 1, "items": one }] })
}
