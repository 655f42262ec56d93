//! The JSON Schema against the vocabulary and against what the reader takes and refuses.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{load, with_rule};
use crate::{
    config::{
        schema,
        tree::{self, Kind, Node},
        vocabulary,
    },
    rules::Pattern,
};

const EXAMPLE: &str = include_str!("../../../config.example.yaml");

fn json_of(node: &Node) -> Value {
    match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(flag) => json!(flag),
        Kind::Int(number) => json!(i64::try_from(*number).unwrap()),
        Kind::Float(number) => json!(number),
        Kind::Text(text) => json!(text),
        Kind::List(items) => items.iter().map(json_of).collect(),
        Kind::Map(entries) => {
            let name = |key: &Node| json_of(key).as_str().unwrap().to_owned();
            Value::Object(entries.iter().map(|(key, value)| (name(key), json_of(value))).collect())
        }
    }
}

/// Whether a value is what a schema asks for, as far as our schema's words go; a word that is not known here fails.
fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(word, asked)| match word.as_str() {
        "$ref" => fits(root, root.pointer(&asked.as_str().unwrap()[1..]).unwrap(), value),
        "anyOf" => asked.as_array().unwrap().iter().any(|one| fits(root, one, value)),
        "oneOf" => asked.as_array().unwrap().iter().filter(|one| fits(root, one, value)).count() == 1,
        "enum" => asked.as_array().unwrap().contains(value),
        "type" => match asked.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "null" => value.is_null(),
            other => panic!("type {other}"),
        },
        "properties" => value.as_object().is_none_or(|map| {
            map.iter().all(|(key, value)| asked.get(key).is_none_or(|schema| fits(root, schema, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|map| {
            let others = map
                .iter()
                .filter(|(key, _)| schema.pointer("/properties").is_none_or(|it| it.get(key).is_none()));
            match asked {
                Value::Bool(allowed) => *allowed || others.count() == 0,
                schema => others.into_iter().all(|(_, value)| fits(root, schema, value)),
            }
        }),
        "propertyNames" => {
            value.as_object().is_none_or(|map| map.keys().all(|key| fits(root, asked, &json!(key))))
        }
        "required" => value.as_object().is_none_or(|map| {
            asked.as_array().unwrap().iter().all(|key| map.contains_key(key.as_str().unwrap()))
        }),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| fits(root, asked, item))),
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= asked.as_u64().unwrap()),
        "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= asked.as_u64().unwrap()),
        "maxLength" => value.as_str().is_none_or(|text| text.len() as u64 <= asked.as_u64().unwrap()),
        "minProperties" => value.as_object().is_none_or(|map| map.len() as u64 >= asked.as_u64().unwrap()),
        "maxProperties" => value.as_object().is_none_or(|map| map.len() as u64 <= asked.as_u64().unwrap()),
        "minimum" => value.as_f64().is_none_or(|number| number >= asked.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= asked.as_f64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| {
            let pattern = Pattern::compile(&format!("/{}/", asked.as_str().unwrap()), false).unwrap();
            pattern.matches(text)
        }),
        "description" | "default" | "title" | "$schema" | "$defs" => true,
        other => panic!("the schema has {other:?}"),
    })
}

fn fits_yaml(source: &str) -> bool {
    let schema = schema();
    fits(&schema, &schema, &json_of(&tree::parse(source).unwrap().unwrap()))
}

/// Every property with its description.
fn properties(schema: &Value, found: &mut BTreeSet<(String, String)>) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(all)) = map.get("properties") {
                found.extend(all.iter().map(|(name, schema)| {
                    (name.clone(), schema["description"].as_str().unwrap_or_default().to_owned())
                }));
            }
            map.values().for_each(|value| properties(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, found)),
        _ => {}
    }
}

#[test]
fn the_schema_has_every_key_with_its_words_and_no_other() {
    let mut found = BTreeSet::new();
    properties(&schema(), &mut found);
    let secrets = ["env", "file"].map(|name| (name.to_owned(), String::new()));
    let known: BTreeSet<(String, String)> = vocabulary()
        .iter()
        .filter(|entry| !entry.path.starts_with("webhook.secrets[]."))
        .map(|entry| (entry.path.rsplit('.').next().unwrap().to_owned(), entry.doc.to_owned()))
        .chain(secrets)
        .collect();
    assert_eq!(found, known);
}

#[test]
fn what_the_reader_takes_fits_the_schema() {
    assert!(fits_yaml(EXAMPLE));
    for rule in [
        "on: workflow_run.completed\n    when: { run_attempt: 1 }\n    then: [rerun]",
        "on: workflow_run.completed\n    when: { run_attempt: 1 }\n    then: [rerun: ]",
        "on: [workflow_run.completed, { schedule: \"0 3 * * *\" }]\n    when: { repository: acme/api, run_attempt: { below: 3 }, status: completed }\n    then:\n    - rerun: { backoff: 1.5, delay: 1h 30m }",
        "on: workflow_run.completed\n    when: { any: [{ branch: main }, { not: { failed_jobs: { some: { any: [{ name: x }] } } } }], run_attempt: 1 }\n    then: [rerun]",
        "on: workflow_run.completed\n    when: { failed_jobs: { share: { below: 0.5 }, count: { at_most: 3 } }, run_attempt: 1 }\n    then: [rerun]",
        "on: workflow_run.completed\n    when: { pull_request: { changed_files: { count: { at_most: 3 }, some: a } }, run_attempt: 1 }\n    then: [rerun]",
        "on: workflow_run.completed\n    when: { run_attempt: 1, pull_request: { changed_files: { count: 3 } } }\n    then: [rerun]\ntests:\n  - name: y\n    given: { repository: acme/api, pull_request: { changed_files: [a, { filename: b, previous_filename: c, times: 2 }] } }\n    expect: [{ rule: x, action: rerun }]",
        "on: workflow_run.completed\n    when: { failed_jobs: { every: { any: [{ log: { missing: true } }, { log: [a, b] }] } }, run_attempt: 1 }\n    then: [rerun]",
    ] {
        let source = with_rule(rule);
        assert!(load(&source).is_ok(), "{source}");
        assert!(fits_yaml(&source), "{source}");
    }
}

#[test]
fn what_is_misspelled_or_of_the_wrong_kind_does_not_fit_the_schema() {
    let good = with_rule("on: workflow_run.completed\n    when: { run_attempt: 1 }\n    then: [rerun]");
    assert!(fits_yaml(&good));
    for (instead_of, bad) in [
        ("webhook:", "webhok:"),
        ("on: workflow_run.completed", "on: workflow_run.complete"),
        ("run_attempt: 1", "run_attempts: 1"),
        ("run_attempt: 1", "run_attempt: one"),
        ("run_attempt: 1", "run_attempt: { under: 1 }"),
        ("run_attempt: 1", "run_attempt: {}"),
        ("run_attempt: 1", "age: 30d"),
        ("run_attempt: 1", "age: { above: 30 }"),
        ("run_attempt: 1", "fork: maybe"),
        ("run_attempt: 1", "any: []"),
        ("run_attempt: 1", "jobs: { share: 0.5 }"),
        ("run_attempt: 1", "failed_jobs: { share: 50 }"),
        ("run_attempt: 1", "failed_jobs: { some: { branch: main } }"),
        ("[rerun]", "[rerrun]"),
        ("[rerun]", "[]"),
        ("[rerun]", "[rerun: { scope: job }]"),
        ("[rerun]", "[{ rerun: {}, cancel: {} }]"),
        ("name: x", "name: Rerun Failed"),
        ("{ env: GITHUB_TOKEN }", "{ env: A, file: b }"),
        ("{ env: GITHUB_TOKEN }", "secret"),
    ] {
        let source = good.replacen(instead_of, bad, 1);
        assert!(load(&source).is_err(), "this loads:\n{source}");
        assert!(!fits_yaml(&source), "this fits:\n{source}");
    }
}
