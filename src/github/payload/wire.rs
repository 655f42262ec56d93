//! Fields of GitHub's JSON that may be anything: absent, null, of another type, too large. Never an error.
//!
//! A field is captured as raw text, which serde_json does without recursion, and looked at only when asked. So
//! neither 100,000 nested brackets nor `1e999` in one field can spoil the others or the stack.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use crate::model::{RepositoryName, RunId, Timestamp};

/// A field of any JSON type; absent and null are the same.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Raw<'a>(Option<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(from).map(|raw| Self(Some(raw)))
    }
}

impl<'a> Raw<'a> {
    /// An element of a list.
    pub(crate) fn of(raw: &'a RawValue) -> Self {
        Self(Some(raw))
    }

    fn json(self) -> &'a str {
        self.0.map_or("null", RawValue::get)
    }

    /// Whether it is absent or null.
    pub(crate) fn is_null(self) -> bool {
        self.json() == "null"
    }

    /// The text of a string.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        let json = self.json();
        // Without an escape the text is what stands between the quotes.
        match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
            Some(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
            None => None,
        }
    }

    /// The text of a string that is not empty.
    pub(crate) fn string(self) -> Option<String> {
        self.text().filter(|text| !text.is_empty()).map(Cow::into_owned)
    }

    /// An integer; fractions, exponents and what is beyond 64 bits are none.
    pub(crate) fn int(self) -> Option<i64> {
        self.json().parse().ok()
    }

    /// An id: a positive integer.
    pub(crate) fn id(self) -> Option<i64> {
        self.int().filter(|id| *id > 0)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(self) -> Option<bool> {
        self.json().parse().ok()
    }

    /// A time as GitHub writes it.
    pub(crate) fn time(self) -> Option<Timestamp> {
        self.text().and_then(|text| Timestamp::parse(&text))
    }

    /// An object's fields; none when it is not an object.
    pub(crate) fn object<T: Deserialize<'a>>(self) -> Option<T> {
        serde_json::from_str::<Object<T>>(self.json()).ok().and_then(|object| object.0)
    }

    /// A list's elements; none when it is not a list.
    pub(crate) fn list(self) -> Option<Vec<Raw<'a>>> {
        serde_json::from_str::<Vec<Raw<'a>>>(self.json()).ok()
    }

    /// The `login` of a user.
    pub(crate) fn login(self) -> Option<String> {
        self.object::<User<'_>>().and_then(|user| user.login.string())
    }

    /// The `full_name` of a repository.
    pub(crate) fn full_name(self) -> Option<RepositoryName> {
        let repository = self.object::<Repository<'_>>()?;
        repository.full_name.text().and_then(|name| RepositoryName::parse(&name).ok())
    }

    /// The run that a URL names with `/actions/runs/ID`.
    pub(crate) fn run_in_url(self) -> Option<RunId> {
        let url = self.text()?;
        let (_, after) = url.split_once("/actions/runs/")?;
        let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok().filter(|id| *id > 0).map(RunId)
    }
}

/// An object of the shape `T`; anything that is not an object is none. (serde's own structs would take an array
/// for an object and read its elements in order.)
#[derive(Debug, Clone)]
pub(crate) struct Object<T>(pub(crate) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ObjectVisitor(std::marker::PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct User<'a> {
    #[serde(borrow)]
    login: Raw<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository<'a> {
    #[serde(borrow)]
    full_name: Raw<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct One<'a> {
        #[serde(borrow)]
        x: Raw<'a>,
    }

    fn x(json: &str) -> One<'_> {
        serde_json::from_str::<Object<One<'_>>>(json).unwrap().0.unwrap_or_default()
    }

    #[test]
    fn a_field_of_another_type_is_absent() {
        for json in [
            "{}",
            r#"{"x":null}"#,
            r#"{"x":[1]}"#,
            r#"{"x":{"x":1}}"#,
            r#"{"x":true}"#,
            r#"{"x":1.5}"#,
            r#"{"x":1e3}"#,
            r#"{"x":1e999}"#,
            r#"{"x":1180591620717411303424}"#,
            "[7]",
            "7",
            "\"7\"",
            "null",
        ] {
            assert_eq!(x(json).x.int(), None, "{json}");
            assert_eq!(x(json).x.text(), None, "{json}");
            assert_eq!(x(json).x.time(), None, "{json}");
            assert_eq!(x(json).x.full_name(), None, "{json}");
        }
        assert_eq!(x(r#"{"x":"a\"\u00e9\\"}"#).x.text().as_deref(), Some("a\"é\\"));
        assert_eq!(x(r#"{"x":"\ud800"}"#).x.text(), None, "half a surrogate pair is not text");
        assert_eq!(x(r#"{"x":  42 }"#).x.int(), Some(42));
        assert_eq!(x(r#"{"x":-42}"#).x.id(), None);
        assert_eq!(x(r#"{"x":false}"#).x.boolean(), Some(false));
        assert_eq!(x(r#"{"x":{"login":"octocat"}}"#).x.login().as_deref(), Some("octocat"));
    }

    #[test]
    fn a_run_is_found_in_a_url() {
        for (url, id) in [
            ("https://h/api/v3/repos/o/r/actions/runs/123/deployment_protection_rule", Some(123)),
            ("https://h/o/r/actions/runs/9/job/1", Some(9)),
            ("https://h/o/r/actions/runs/9", Some(9)),
            ("https://h/o/r/actions/runs/", None),
            ("https://h/o/r/actions/runs/x9", None),
            ("https://h/o/r/actions/runs/99999999999999999999", None),
            ("https://h/o/r", None),
        ] {
            let json = format!(r#"{{"x":"{url}"}}"#);
            assert_eq!(x(&json).x.run_in_url().map(|run| run.0), id, "{url}");
        }
    }
}
