//! The files of the crate as a tree of modules, and the place that each path in them leads to.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Path, Source};

/// A module's names below the crate, `["kernels", "cpu"]`; the crate itself has none.
pub type Module = Vec<String>;

/// All files that `src/lib.rs` reaches, and the others of the same folder: the programs.
pub struct House {
    /// By their path from the repository's root.
    pub files: BTreeMap<String, File>,
    /// The files of each module: two where `#[path]` chooses one for each kind of machine.
    modules: BTreeMap<Module, Vec<String>>,
}

/// One file.
pub struct File {
    pub module: Module,
    pub source: Source,
}

/// Where a path leads.
pub struct Place {
    /// The module that the path names: `crate::image::decode` names `image`.
    pub named: Module,
    /// The module that holds the item, after re-exports: `image::decode`.
    pub home: Module,
    /// Whether it is an item of `home`, not `home` itself.
    pub is_item: bool,
}

/// The library's own file.
const ROOT: &str = "src/lib.rs";
/// Re-exports that one path may go through; a circle of them is no Rust.
const MOST_STEPS: usize = 20;

impl House {
    /// Reads the texts of files, by their paths: `src/lib.rs`, `src/model/mod.rs`, …
    ///
    /// # Errors
    /// The first file that is missing or is not Rust.
    pub fn read(texts: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut house = Self {
            files: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        house.enter(texts, ROOT.into(), Vec::new())?;
        let is_program = |path: &str| path == "src/main.rs" || path.starts_with("src/bin/");
        for (path, text) in texts.iter().filter(|(path, _)| is_program(path)) {
            let source = Source::read(text).map_err(|error| format!("{path}: {error}"))?;
            let module = vec![path.clone()];
            house.files.insert(path.clone(), File { module, source });
        }
        Ok(house)
    }

    fn enter(
        &mut self,
        texts: &BTreeMap<String, String>,
        path: String,
        module: Module,
    ) -> Result<(), String> {
        let text = texts
            .get(&path)
            .ok_or_else(|| format!("{path} is missing"))?;
        let source = Source::read(text).map_err(|error| format!("{path}: {error}"))?;
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let below = match file {
            "lib.rs" | "mod.rs" => folder.to_string(),
            _ => path.trim_end_matches(".rs").to_string(),
        };
        let children = source.modules.clone();
        let files = self.modules.entry(module.clone()).or_default();
        files.push(path.clone());
        self.files.insert(
            path.clone(),
            File {
                module: module.clone(),
                source,
            },
        );
        for (name, chosen) in children {
            let candidates = match chosen {
                Some(chosen) => vec![format!("{folder}/{chosen}")],
                None => vec![
                    format!("{below}/{name}.rs"),
                    format!("{below}/{name}/mod.rs"),
                ],
            };
            let file = candidates.iter().find(|file| texts.contains_key(*file));
            let file = file
                .ok_or_else(|| format!("{path} declares the module {name}, which has no file"))?;
            let mut child = module.clone();
            child.push(name);
            self.enter(texts, file.clone(), child)?;
        }
        Ok(())
    }

    /// The files of a module.
    pub fn files_of(&self, module: &Module) -> &[String] {
        self.modules.get(module).map_or(&[], Vec::as_slice)
    }

    /// Where a path of a file in `module` leads; `None` if to another crate or to a local name.
    pub fn place(&self, module: &Module, path: &Path) -> Option<Place> {
        self.follow(module, &path.names, MOST_STEPS)
    }

    fn follow(&self, from: &Module, names: &[String], steps: usize) -> Option<Place> {
        let steps = steps.checked_sub(1)?;
        let (first, mut rest) = names.split_first()?;
        let mut place = match first.as_str() {
            "crate" => Place {
                named: Vec::new(),
                home: Vec::new(),
                is_item: false,
            },
            "self" => Place {
                named: from.clone(),
                home: from.clone(),
                is_item: false,
            },
            "super" => {
                let mut up = from.clone();
                up.pop()?;
                while let Some((next, others)) = rest.split_first()
                    && next == "super"
                {
                    up.pop()?;
                    rest = others;
                }
                Place {
                    named: up.clone(),
                    home: up,
                    is_item: false,
                }
            }
            _ => self.step(from, first, steps)?,
        };
        for name in rest {
            if place.is_item {
                // A variant or a method of the item.
                break;
            }
            let next = self.step(&place.home, name, steps);
            let named = match &next {
                Some(next) if !next.is_item && self.is_child(&place.home, name) => {
                    next.home.clone()
                }
                _ => place.named.clone(),
            };
            place = next.unwrap_or(Place {
                named: Vec::new(),
                home: place.home,
                is_item: true,
            });
            place.named = named;
        }
        Some(place)
    }

    fn is_child(&self, module: &Module, name: &str) -> bool {
        let mut child = module.clone();
        child.push(name.into());
        self.modules.contains_key(&child)
    }

    /// What `name` means in `module`, if the module declares or imports it.
    fn step(&self, module: &Module, name: &str, steps: usize) -> Option<Place> {
        if self.is_child(module, name) {
            let mut home = module.clone();
            home.push(name.into());
            return Some(Place {
                named: home.clone(),
                home,
                is_item: false,
            });
        }
        let sources = || {
            self.files_of(module)
                .iter()
                .map(|file| &self.files[file].source)
        };
        let imports = || sources().flat_map(|source| &source.imports);
        if let Some(import) = imports().find(|import| import.name.as_deref() == Some(name)) {
            // `use image::…` within a module that has no `image` means another crate.
            if import.path.names.first().is_some_and(|first| first == name)
                && import.path.names.len() == 1
            {
                return None;
            }
            return self.follow(module, &import.path.names, steps);
        }
        if sources().any(|source| source.defined.contains(name)) {
            return Some(Place {
                named: module.clone(),
                home: module.clone(),
                is_item: true,
            });
        }
        imports()
            .filter(|import| import.name.is_none())
            .find_map(|glob| {
                let from = self.follow(module, &glob.path.names, steps)?;
                if from.is_item || from.home == *module {
                    return None;
                }
                self.step(&from.home, name, steps.checked_sub(1)?)
            })
    }

    /// The files that each file uses, each with the line of the first use.
    ///
    /// A name that is only handed on (`pub use`) does not count as a use. Nor does a module that is
    /// imported as a whole: the paths that begin with it do. Nor does the file of a module around
    /// this one.
    pub fn uses(&self) -> BTreeMap<&str, BTreeMap<&str, usize>> {
        let mut uses: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (path, File { module, source }) in &self.files {
            let handed_on = |name: &Option<String>, is_public: bool| {
                is_public && !name.as_ref().is_some_and(|name| source.used.contains(name))
            };
            let imports = source
                .imports
                .iter()
                .filter(|import| !handed_on(&import.name, import.is_public))
                .filter_map(|import| {
                    let place = self.place(module, &import.path)?;
                    (place.is_item || import.name.is_none()).then_some((place, import.path.line))
                });
            let paths = source
                .paths
                .iter()
                .filter_map(|path| Some((self.place(module, path)?, path.line)))
                .filter(|(place, _)| place.is_item);
            let found = uses.entry(path).or_default();
            for (place, line) in imports.chain(paths) {
                for file in self.files_of(&place.home) {
                    if !module.starts_with(&place.home) {
                        found.entry(file).or_insert(line);
                    }
                }
            }
        }
        uses
    }

    /// The top-level modules that `src/lib.rs` declares.
    pub fn rooms(&self) -> BTreeSet<&str> {
        let root = &self.files[ROOT].source;
        root.modules.iter().map(|(name, _)| name.as_str()).collect()
    }
}
