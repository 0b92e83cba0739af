//! The crate's house rules, held against its sources. `src/lib.rs` draws the map; these rules keep
//! it true:
//!
//! - **The map.** A room (a module with a row in the map) uses the rooms that its row lists, and the
//!   rooms that those may use in turn, and no other. Each top-level module has a row.
//! - **No circles.** No file uses a second file that comes back to it, over any number of files. A
//!   file uses another file if its code names an item of that file, by import or by path; the check
//!   follows re-exports to the file that defines the item. Three things are not uses: to declare a
//!   module, to hand a name on with `pub use`, and to import a whole module. And a file may use the
//!   modules around it: the `mod.rs` of a folder holds the items that its files share, and calls
//!   them.
//! - **No command line in the library.** Only `src/cli` names the crate `clap`.
//!
//! Code under `#[cfg(test)]` is free of all three. The check does not see calls of methods, which
//! name no file. `broken.rs` shows that it finds each kind of breach.

mod broken;
mod house;
mod map;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use house::House;
use map::Map;

/// The sources, by their paths from the repository's root.
type Texts = BTreeMap<String, String>;

/// Every breach of a rule, one line each.
fn breaches(texts: &Texts) -> Result<BTreeSet<String>, String> {
    let house = House::read(texts)?;
    let map = Map::read(&texts["src/lib.rs"])?;
    let mut found = BTreeSet::new();
    found.extend(incomplete(&house, &map));
    found.extend(against_the_map(&house, &map));
    found.extend(circles(&house));
    found.extend(command_line(&house));
    Ok(found)
}

/// Modules without a row, and rows without a module.
fn incomplete(house: &House, map: &Map) -> Vec<String> {
    let modules = house.rooms();
    let rows: BTreeSet<&str> = map.rooms().collect();
    let missing = modules
        .difference(&rows)
        .map(|name| format!("{name} has no row in the map"));
    let empty = rows
        .iter()
        .filter(|row| {
            let module = row.split("::").map(String::from).collect();
            house.files_of(&module).is_empty()
        })
        .map(|name| format!("the map has a row for {name}, and there is no such module"));
    missing.chain(empty).collect()
}

/// Files that use a room which the map keeps from them.
fn against_the_map(house: &House, map: &Map) -> Vec<String> {
    let mut found = Vec::new();
    for (file, house::File { module, source }) in &house.files {
        let Some(room) = map.room(module) else {
            continue;
        };
        let imports = source.imports.iter().map(|import| &import.path);
        for path in imports.chain(&source.paths) {
            let Some(place) = house.place(module, path) else {
                continue;
            };
            let Some(other) = map.room(&place.named) else {
                continue;
            };
            if !map.allows(room, other) {
                found.push(format!(
                    "{file} uses {other}, which the map's row of {room} forbids"
                ));
            }
        }
    }
    found
}

/// Each use that is a part of a circle between files.
fn circles(house: &House) -> Vec<String> {
    let uses = house.uses();
    let reaches = |from: &str, to: &str| {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(file) = open.pop() {
            for next in uses.get(file).into_iter().flat_map(BTreeMap::keys) {
                if *next == to {
                    return true;
                }
                if seen.insert(*next) {
                    open.push(*next);
                }
            }
        }
        false
    };
    let all = uses
        .iter()
        .flat_map(|(from, to)| to.keys().map(move |to| (*from, *to)));
    all.filter(|(from, to)| reaches(to, from))
        .map(|(from, to)| format!("{from} uses {to}, which comes back to it"))
        .collect()
}

/// Files outside the command line that name the crate of its arguments.
fn command_line(house: &House) -> Vec<String> {
    let outside = house
        .files
        .iter()
        .filter(|(path, _)| !path.starts_with("src/cli"));
    outside
        .filter(|(_, file)| !file.source.clap.is_empty())
        .map(|(path, _)| format!("{path} names clap, which belongs to src/cli"))
        .collect()
}

fn collect(folder: &Path, texts: &mut Texts) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path.to_str().unwrap().replace('\\', "/");
            texts.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_sources_keep_the_rules() {
    let mut texts = Texts::new();
    collect(Path::new("src"), &mut texts);
    let found = breaches(&texts).unwrap();
    assert!(
        found.is_empty(),
        "against the rules at the top of tests/architecture/main.rs: {found:#?}"
    );
}
