//! JSON as other programs write it.
//!
//! QuPath gives some keys twice in one object, and writes `NaN` where a measurement has no value. The
//! order of the keys counts, since in some files it is the order of the nuclei. `serde_json::Value`
//! keeps neither.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A JSON value. A key that stands twice in an object has the entries of both objects, else the
/// later value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`, and numbers that JSON does not have.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in the order of the file.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads JSON. A byte order mark, `NaN` and `Infinity` are tolerated.
    ///
    /// # Errors
    /// Anything else that is not JSON.
    pub fn read(bytes: &[u8]) -> serde_json::Result<Self> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        serde_json::from_slice(bytes).or_else(|error| match without_nan(bytes) {
            Cow::Owned(bytes) => serde_json::from_slice(&bytes),
            Cow::Borrowed(_) => Err(error),
        })
    }

    /// The value of a key, where this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Json> {
        let mut entries = self.entries()?.iter();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The entries of an object.
    pub fn entries(&self) -> Option<&[(String, Json)]> {
        match self {
            Json::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Option<&[Json]> {
        match self {
            Json::List(items) => Some(items),
            _ => None,
        }
    }

    /// A number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Json::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A yes or no: `true`, `"true"`, `1`, and their opposites.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Json::Bool(truth) => Some(*truth),
            Json::Number(0.0) => Some(false),
            Json::Number(1.0) => Some(true),
            Json::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A text, or a number as a text.
    pub fn name(&self) -> Option<String> {
        match self {
            Json::Text(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Adds an entry to those of an object.
    fn insert(entries: &mut Vec<(String, Json)>, key: String, value: Json) {
        let Some((_, old)) = entries.iter_mut().find(|(name, _)| *name == key) else {
            entries.push((key, value));
            return;
        };
        match (old, value) {
            (Json::Object(old), Json::Object(new)) => {
                for (key, value) in new {
                    Self::insert(old, key, value);
                }
            }
            (old, new) => *old = new,
        }
    }
}

/// `bytes` with `null` in place of `NaN`, `Infinity` and `-Infinity` outside texts.
fn without_nan(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (mut out, mut copied, mut at, mut in_text) = (Vec::new(), 0, 0, false);
    while at < bytes.len() {
        let word = [&b"NaN"[..], b"Infinity", b"-Infinity"]
            .into_iter()
            .find(|word| !in_text && bytes[at..].starts_with(word));
        match (word, bytes[at]) {
            (Some(word), _) => {
                out.extend_from_slice(&bytes[copied..at]);
                out.extend_from_slice(b"null");
                at += word.len() - 1;
                copied = at + 1;
            }
            (None, b'\\') => at += 1, // and the character that it belongs to
            (None, b'"') => in_text = !in_text,
            (None, _) => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(bytes);
    }
    out.extend_from_slice(&bytes[copied..]);
    Cow::Owned(out)
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, text: &mut fmt::Formatter) -> fmt::Result {
        text.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, value)) = object.next_entry()? {
            entries.push((key, value));
        }
        // One pass for the common object, whose keys differ.
        let mut names: Vec<&String> = entries
            .iter()
            .map(|(key, _): &(String, Json)| key)
            .collect();
        names.sort_unstable();
        if names.windows(2).all(|pair| pair[0] != pair[1]) {
            return Ok(Json::Object(entries));
        }
        let mut merged = Vec::new();
        for (key, value) in entries {
            Json::insert(&mut merged, key, value);
        }
        Ok(Json::Object(merged))
    }
}

/// A value as JSON. It holds texts and finite numbers alone, so nothing can fail.
pub fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// An object of these entries, in their order.
pub struct Entries<K, V>(pub Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Entries<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_a_repeated_object_is_joined() {
        let read = |text: &str| Json::read(text.as_bytes()).unwrap();
        let twice = read(r#"{"b": {"x": 1}, "a": 2, "b": {"y": 3, "x": 4}}"#);
        assert_eq!(twice, read(r#"{"b": {"x": 4, "y": 3}, "a": 2}"#));
        assert_ne!(twice, read(r#"{"a": 2, "b": {"x": 4, "y": 3}}"#));
    }

    #[test]
    fn numbers_that_json_does_not_have_are_null() {
        let read = Json::read(b"\xEF\xBB\xBF[NaN, -Infinity, \"NaN \\\" NaN\", 1]").unwrap();
        let text = Json::Text("NaN \" NaN".into());
        assert_eq!(
            read,
            Json::List(vec![Json::Null, Json::Null, text, Json::Number(1.0)])
        );
        assert!(Json::read(b"[NaN").is_err());
        assert!(Json::read(b"").is_err());
    }
}
