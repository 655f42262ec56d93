//! The layer table in the crate's documentation holds in the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

struct Layer {
    may_use: BTreeSet<String>,
    owns: BTreeSet<String>,
}

/// Reads the table out of `src/lib.rs`.
fn layers() -> BTreeMap<String, Layer> {
    let source = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let words = |cell: &str| -> BTreeSet<String> {
        let plain = cell.split('(').next().unwrap();
        plain
            .split(',')
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty() && word != "–")
            .collect()
    };
    source
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `"))
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let name = cells[0].trim_matches('`').to_owned();
            (name, Layer { may_use: words(cells[1]), owns: words(cells[2]) })
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All source files, each with the module that it belongs to.
fn files() -> Vec<(String, PathBuf)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    found
        .into_iter()
        .map(|path| {
            let below = path.strip_prefix(root().join("src")).unwrap();
            let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
            (first.trim_end_matches(".rs").to_owned(), path)
        })
        .filter(|(module, _)| module != "lib" && module != "main")
        .collect()
}

/// The code of a file: without comments, and without its tests, which may use what they like.
fn code(path: &Path) -> String {
    let source = fs::read_to_string(path).unwrap();
    let is_test_file = path.file_stem().is_some_and(|stem| stem == "tests")
        || path.components().any(|part| part.as_os_str() == "tests");
    if is_test_file {
        return String::new();
    }
    let before_tests = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that the code names by `crate::…`, grouped imports included.
fn modules_named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let mut word = String::new();
                for character in group.chars() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            named.insert(std::mem::take(&mut word));
                        }
                        other if depth == 0 => word.push(other),
                        _ => {}
                    }
                }
                named.insert(word);
            }
            None => {
                named.insert(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
            }
        }
    }
    named
        .into_iter()
        .map(|word| word.trim().split("::").next().unwrap().trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn modules_use_only_what_the_layer_table_allows() {
    let layers = layers();
    for (module, path) in files() {
        let layer = layers
            .get(&module)
            .unwrap_or_else(|| panic!("`{module}` is not in the layer table of src/lib.rs"));
        for used in modules_named(&code(&path)) {
            let known = layers.contains_key(&used);
            let allowed = used == module || layer.may_use.contains("all") || layer.may_use.contains(&used);
            assert!(
                !known || allowed,
                "{} uses `{used}`, which the layer table does not allow",
                path.display()
            );
        }
    }
}

#[test]
fn crates_are_named_only_by_the_module_that_owns_them() {
    let layers = layers();
    for (module, path) in files() {
        let code = code(&path);
        for (owner, layer) in layers.iter().filter(|(owner, _)| **owner != module) {
            for owned in &layer.owns {
                // The simulator is a second GitHub, with a server and signatures of its own.
                let own_world = module == "simulator" || (module == "daemon" && owned == "axum");
                let named = code.contains(&format!("{owned}::"));
                assert!(own_world || !named, "{} names `{owned}`, which only `{owner}` owns", path.display());
            }
        }
    }
}

#[test]
fn the_core_is_pure() {
    for (module, path) in files() {
        if module != "rules" && module != "model" {
            continue;
        }
        let code = code(&path);
        for forbidden in [
            "async fn",
            ".await",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
            "rand::",
            "std::fs",
            "std::env",
        ] {
            assert!(!code.contains(forbidden), "{} has `{forbidden}`: the core is pure", path.display());
        }
    }
}

#[test]
fn production_code_has_no_test_switches() {
    for (_, path) in files() {
        let source = fs::read_to_string(&path).unwrap();
        let switches = source.matches("cfg(test)").count();
        let lines: Vec<&str> = source.lines().collect();
        let declares_module =
            |pair: &&[&str]| pair[0].trim() == "#[cfg(test)]" && format!(" {}", pair[1]).contains(" mod ");
        let test_modules = lines.windows(2).filter(declares_module).count();
        assert_eq!(switches, test_modules, "{} behaves differently under test", path.display());
    }
}
