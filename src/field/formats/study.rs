//! The study's JSON: a field's contours, and the labelled cells that the study's viewer saves.

use serde::{Serialize, Serializer};

use super::json::{Entries, Json, json};
use super::points::contour;
use super::{CellFile, FormatError, Refused};
use crate::field::{CellFeature, Contour, FieldCell, Origin};
use crate::nuclei::Feature;

/// The keys of an outline's points.
const POINTS: [&str; 2] = ["points", "contour"];
/// The beginning of a cell's key in the viewer's file.
const CELL: &str = "cell_";

/// Reads `[{"id": 0, "points": …}, …]`, `{"0": {"points": …}, …}`, either with `contour` for `points` or
/// without that name, and `{"<field>": {"cell_0": {"contour": …, "features_binary": …}, …}, …}`.
pub(super) fn read(json: &Json, field: &str) -> Result<CellFile, FormatError> {
    if let Some(cells) = of_several_fields(json) {
        let is_wanted = |name: &str| stem(name).eq_ignore_ascii_case(stem(field));
        let chosen = match &cells[..] {
            [(_, only)] => Some(only),
            cells => cells
                .iter()
                .find(|(name, _)| is_wanted(name))
                .map(|(_, cells)| cells),
        };
        let Some(cells) = chosen else {
            return Err(FormatError::OtherField {
                field: field.into(),
                known: cells.iter().map(|(name, _)| name.to_string()).collect(),
            });
        };
        return Ok(collect(named(cells)));
    }
    match json {
        Json::List(items) if items.is_empty() => Ok(CellFile::default()),
        Json::List(items)
            if items
                .iter()
                .any(|item| is_cell(item) || item.items().is_some()) =>
        {
            let names = (0..items.len()).map(|place| place.to_string());
            Ok(collect(names.zip(items)))
        }
        Json::Object(_) if is_cell(json) => Ok(collect([(String::from("0"), json)])),
        Json::Object(entries) if entries.iter().any(|(_, value)| is_cell(value)) => {
            Ok(collect(named(entries)))
        }
        Json::Object(entries) => {
            // A list under some key, or a list of points for each id.
            let inner = entries.iter().find(|(_, value)| {
                let items = value.items().unwrap_or_default();
                items.iter().any(is_cell)
            });
            match inner {
                Some((_, list)) => read(list, field),
                None if entries.iter().any(|(_, value)| value.items().is_some()) => {
                    Ok(collect(named(entries)))
                }
                None => Err(FormatError::NoContours),
            }
        }
        _ => Err(FormatError::NoContours),
    }
}

/// The fields of the viewer's file, each with its cells by their keys.
#[allow(clippy::type_complexity)]
fn of_several_fields(json: &Json) -> Option<Vec<(&str, &[(String, Json)])>> {
    if is_cell(json) {
        return None;
    }
    let holds_cells = |value: &Json| {
        let mut entries = value.entries().unwrap_or_default().iter();
        !is_cell(value) && entries.any(|(_, cell)| is_cell(cell))
    };
    let fields = json
        .entries()?
        .iter()
        .filter(|(_, value)| holds_cells(value));
    let fields: Vec<_> = fields
        .filter_map(|(name, value)| Some((name.as_str(), value.entries()?)))
        .collect();
    (!fields.is_empty()).then_some(fields)
}

/// A file's name without its folder and its ending.
fn stem(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn is_cell(value: &Json) -> bool {
    POINTS.iter().any(|key| value.get(key).is_some())
}

/// The entries of an object as cells that are named by their keys. Other entries are left away.
fn named(entries: &[(String, Json)]) -> impl Iterator<Item = (String, &Json)> {
    let cells = entries
        .iter()
        .filter(|(_, value)| is_cell(value) || value.items().is_some());
    cells.map(|(key, value)| (key.strip_prefix(CELL).unwrap_or(key).to_string(), value))
}

fn collect<'a>(cells: impl IntoIterator<Item = (String, &'a Json)>) -> CellFile {
    let mut file = CellFile::default();
    for (name, value) in cells {
        match cell(name, value) {
            Ok(cell) => file.cells.push(cell),
            Err(refused) => file.refused.push(refused),
        }
    }
    file
}

/// A cell whose id is `name` where it has none of its own.
fn cell(name: String, value: &Json) -> Result<FieldCell, Refused> {
    let id = value.get("id").and_then(Json::name).unwrap_or(name);
    let outline = POINTS.iter().find_map(|key| value.get(key));
    let mut cell = FieldCell::new(contour(id, outline.unwrap_or(value))?, Origin::Given);
    let text = |key| value.get(key).and_then(Json::text);
    cell.origin = text("origin").and_then(Origin::named).unwrap_or_default();
    cell.is_changed = value.get("changed").and_then(Json::truth).unwrap_or(false);
    cell.is_confirmed = value
        .get("confirmed")
        .and_then(Json::truth)
        .unwrap_or(false);
    cell.probability = value.get("outline_probability").and_then(Json::number);
    cell.model = text("model").map(String::from);
    cell.features = features(value);
    Ok(cell)
}

/// The features that a cell's `features_binary`, `probabilities`, `calls` and `answers` name. A list holds the
/// nine nuclear ones, or those that `features` names.
fn features(cell: &Json) -> Vec<CellFeature> {
    let names: Vec<String> = match cell.get("features").and_then(Json::items) {
        Some(names) => names.iter().filter_map(Json::name).collect(),
        None => Feature::ALL.map(|feature| feature.name().into()).into(),
    };
    let Some(called) = cell.get("features_binary") else {
        return Vec::new();
    };
    let value_of = |values: &Json, place: usize, name: &str| match values {
        Json::List(items) => items.get(place).cloned(),
        values => values.get(name).cloned(),
    };
    let names: Vec<String> = match called {
        Json::Object(entries) => entries.iter().map(|(name, _)| name.clone()).collect(),
        Json::List(items) if items.len() == names.len() => names,
        _ => return Vec::new(),
    };
    let of = |key: &str, place: usize, name: &str| value_of(cell.get(key)?, place, name);
    let feature = |(place, name): (usize, String)| CellFeature {
        probability: of("probabilities", place, &name).and_then(|value| value.number()),
        call: match cell.get("calls") {
            Some(calls) => value_of(calls, place, &name),
            None => value_of(called, place, &name),
        }
        .and_then(|value| value.truth()),
        answer: of("answers", place, &name).and_then(|value| value.truth()),
        name,
    };
    names.into_iter().enumerate().map(feature).collect()
}

/// The contours of a field as the study keeps them: `[{"id": 0, "points": [[x, y], …]}, …]`. Ids that are
/// whole numbers are written as numbers.
pub fn write_contours<'a>(contours: impl IntoIterator<Item = &'a Contour>) -> String {
    let outline = |contour: &'a Contour| OutlineJson {
        id: Id(&contour.id),
        points: Points(&contour.points),
    };
    json(&contours.into_iter().map(outline).collect::<Vec<_>>())
}

/// The cells of a field as the study's viewer keeps them, `{"<field>": {"cell_0": {"contour": …,
/// "features_binary": …}, …}}`. Entries that the viewer does not know stand beside those: `id`, `origin`,
/// `changed`, `confirmed`, `outline_probability`, `features`, `probabilities`, `calls`, `answers` and `model`.
pub fn write_study(field: &str, cells: &[FieldCell]) -> String {
    let keys = (0..cells.len()).map(|place| format!("{CELL}{place}"));
    let cells = keys.zip(cells.iter().map(CellJson::new));
    json(&Entries(vec![(field, Entries(cells.collect()))]))
}

#[derive(Serialize)]
struct OutlineJson<'a> {
    id: Id<'a>,
    points: Points<'a>,
}

#[derive(Serialize)]
struct CellJson<'a> {
    id: Id<'a>,
    contour: Points<'a>,
    origin: Origin,
    changed: bool,
    confirmed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    outline_probability: Option<f64>,
    #[serde(flatten)]
    features: Option<FeaturesJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
}

/// Lists with an entry for each feature.
#[derive(Serialize)]
struct FeaturesJson<'a> {
    features: Vec<&'a str>,
    features_binary: Vec<u8>,
    probabilities: Vec<Option<f64>>,
    calls: Vec<Option<u8>>,
    answers: Vec<Option<u8>>,
}

impl<'a> CellJson<'a> {
    fn new(cell: &'a FieldCell) -> Self {
        let features = || cell.features.iter();
        Self {
            id: Id(&cell.contour.id),
            contour: Points(&cell.contour.points),
            origin: cell.origin,
            changed: cell.is_changed,
            confirmed: cell.is_confirmed,
            outline_probability: cell.probability,
            features: (!cell.features.is_empty()).then(|| FeaturesJson {
                features: features().map(|one| one.name.as_str()).collect(),
                features_binary: features().map(|one| one.is_present().into()).collect(),
                probabilities: features().map(|one| one.probability).collect(),
                calls: features().map(|one| one.call.map(u8::from)).collect(),
                answers: features().map(|one| one.answer.map(u8::from)).collect(),
            }),
            model: cell.model.as_deref(),
        }
    }
}

/// An id, as a number where it is one.
struct Id<'a>(&'a str);

impl Serialize for Id<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<u32>() {
            Ok(number) if number.to_string() == self.0 => serializer.serialize_u32(number),
            _ => serializer.serialize_str(self.0),
        }
    }
}

struct Points<'a>(&'a [[f64; 2]]);

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|point| point.map(Coordinate)))
    }
}

/// A coordinate; a whole number without a fraction, as the study has it.
struct Coordinate(f64);

impl Serialize for Coordinate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.fract() == 0.0 && self.0.abs() < 1e15 {
            true => serializer.serialize_i64(self.0 as i64),
            false => serializer.serialize_f64(self.0),
        }
    }
}
