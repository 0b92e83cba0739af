//! The map of modules in `src/lib.rs`: a table of three columns, module, contents, and the modules
//! that it may use.

use std::collections::{BTreeMap, BTreeSet};

/// The rooms of the map, each with the rooms that it may use directly.
///
/// A room is a top-level module, or a module below one (`train::run`) where the map has a row
/// for it.
pub struct Map(BTreeMap<String, BTreeSet<String>>);

impl Map {
    /// Reads the table from the text of `src/lib.rs`.
    ///
    /// # Errors
    /// The row that cannot be read, names a room without a row, or leads back to itself.
    pub fn read(text: &str) -> Result<Self, String> {
        let rows: Vec<[&str; 2]> = text
            .lines()
            .filter_map(|line| line.strip_prefix("//! |"))
            .filter_map(|row| {
                let columns: Vec<&str> = row.trim_end_matches('|').split('|').collect();
                let [name, _, uses] = columns[..] else {
                    return None;
                };
                Some([name.trim(), uses.trim()])
            })
            .filter(|[name, _]| name.contains('`'))
            .collect();
        let names: BTreeSet<String> = rows.iter().flat_map(|[name, _]| quoted(name)).collect();
        if names.is_empty() {
            return Err("src/lib.rs holds no map".into());
        }
        let mut map = BTreeMap::new();
        for [name, uses] in rows {
            let [room] = &quoted(name)[..] else {
                return Err(format!(
                    "a row of the map begins with {name}, not with one module"
                ));
            };
            let listed: BTreeSet<String> = quoted(uses).into_iter().collect();
            if let Some(stranger) = listed.iter().find(|one| !names.contains(*one)) {
                return Err(format!(
                    "the map lets {room} use {stranger}, which has no row"
                ));
            }
            let uses = if uses == "nothing" {
                BTreeSet::new()
            } else if uses.starts_with("everything but ") {
                let others = names
                    .iter()
                    .filter(|one| !listed.contains(*one) && *one != room);
                others.cloned().collect()
            } else if !listed.is_empty() {
                listed
            } else {
                return Err(format!(
                    "the map says of {room}: {uses}, which names no module"
                ));
            };
            if map.insert(room.clone(), uses).is_some() {
                return Err(format!("the map has two rows for {room}"));
            }
        }
        let map = Self(map);
        match map
            .0
            .keys()
            .find(|room| map.reachable(room).contains(room.as_str()))
        {
            Some(room) => Err(format!("by the map {room} may come to use itself")),
            None => Ok(map),
        }
    }

    /// The rooms, by their names.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The room that a module belongs to: that of the longest row.
    pub fn room(&self, module: &[String]) -> Option<&str> {
        (1..=module.len())
            .rev()
            .find_map(|length| self.0.get_key_value(&module[..length].join("::")))
            .map(|(room, _)| room.as_str())
    }

    /// Whether one room may use another: the map lists it, or lets a listed room use it.
    pub fn allows(&self, from: &str, to: &str) -> bool {
        from == to || self.reachable(from).contains(to)
    }

    fn reachable(&self, from: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open = vec![from];
        while let Some(room) = open.pop() {
            for next in &self.0[room] {
                if found.insert(next.as_str()) {
                    open.push(next);
                }
            }
        }
        found
    }
}

/// The names between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(String::from)
        .collect()
}
