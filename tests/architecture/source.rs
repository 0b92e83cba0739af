//! Reads one file of Rust: the modules that it declares, the names that it imports and defines, and
//! the paths that its code writes.
//!
//! It works on the compiler's own tokens, so comments and strings never count, and paths within
//! macros do. Code under `#[cfg(test)]` is left out: a test may look at anything.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The parts of one file that the rules look at.
#[derive(Debug, Default)]
pub struct Source {
    /// `mod name;`, each with the file that `#[path = "…"]` names.
    pub modules: Vec<(String, Option<String>)>,
    /// The names that `use` brings in, in the order of the file.
    pub imports: Vec<Import>,
    /// Paths of two names or more in the code: `kernels::linear`, `crate::image::decode`.
    pub paths: Vec<Path>,
    /// Names of functions, types, constants and macros.
    pub defined: BTreeSet<String>,
    /// Names that the code uses by themselves or at the beginning of a path. A name in small letters
    /// counts where it is called, since variables and fields have such names too.
    pub used: BTreeSet<String>,
    /// The lines on which the crate `clap` is named.
    pub clap: Vec<usize>,
}

/// A path, and where it stands.
#[derive(Clone, Debug)]
pub struct Path {
    /// Its names, `crate`, `self` and `super` included.
    pub names: Vec<String>,
    pub line: usize,
}

/// One name that a `use` declaration brings in.
#[derive(Clone, Debug)]
pub struct Import {
    /// `None` for a glob, `use path::*`.
    pub name: Option<String>,
    pub path: Path,
    /// Whether it is handed on, as `pub use` or `pub(super) use` do.
    pub is_public: bool,
}

/// A token without its tree: groups are an opening and a closing token.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Sign(char),
    /// `::`
    Colons,
    Open(Delimiter),
    Close(Delimiter),
    Text(String),
}

impl Source {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Why the text is not Rust.
    pub fn read(text: &str) -> Result<Self, String> {
        let stream: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let mut reader = Reader {
            tokens,
            at: 0,
            inline: Vec::new(),
            found: Self::default(),
        };
        reader.run();
        Ok(reader.found)
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<(Token, usize)>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                tokens.push((Token::Open(group.delimiter()), line));
                flatten(group.stream(), tokens);
                tokens.push((Token::Close(group.delimiter()), line));
            }
            TokenTree::Ident(name) => {
                let name = name.to_string();
                let name = name.strip_prefix("r#").unwrap_or(&name);
                tokens.push((Token::Name(name.into()), line));
            }
            TokenTree::Punct(sign) => match (sign.as_char(), tokens.last_mut()) {
                (':', Some((last, _))) if *last == Token::Sign(':') => *last = Token::Colons,
                (sign, _) => tokens.push((Token::Sign(sign), line)),
            },
            TokenTree::Literal(literal) => tokens.push((Token::Text(literal.to_string()), line)),
        }
    }
}

/// Keywords that the name of an item follows.
const ITEMS: [&str; 8] = [
    "fn", "struct", "enum", "union", "trait", "type", "const", "static",
];

struct Reader {
    tokens: Vec<(Token, usize)>,
    at: usize,
    /// Inline modules around this place, each with the depth of braces within it.
    inline: Vec<(String, usize)>,
    found: Source,
}

impl Reader {
    fn run(&mut self) {
        let mut depth = 0;
        let mut file = None;
        while let Some(token) = self.token(0).cloned() {
            match token {
                Token::Sign('#') => {
                    let attribute = self.attribute();
                    if attribute == names(&["cfg", "test"]) {
                        self.skip_item();
                    } else if let [key, Token::Sign('='), Token::Text(text)] = &attribute[..]
                        && *key == Token::Name("path".into())
                    {
                        file = Some(text.trim_matches('"').to_string());
                    }
                    continue;
                }
                Token::Open(_) => depth += 1,
                Token::Close(_) => {
                    depth -= 1;
                    if self
                        .inline
                        .last()
                        .is_some_and(|(_, within)| depth < *within)
                    {
                        self.inline.pop();
                    }
                }
                Token::Name(name) => match name.as_str() {
                    "mod" => {
                        self.module(depth, file.take());
                        self.at += 2;
                        continue;
                    }
                    "use" => {
                        self.import();
                        continue;
                    }
                    keyword => {
                        if let Some(Token::Name(item)) = self.token(1)
                            && ITEMS.contains(&keyword)
                        {
                            self.found.defined.insert(item.clone());
                        }
                        if keyword == "macro_rules"
                            && let Some(Token::Name(item)) = self.token(2)
                        {
                            self.found.defined.insert(item.clone());
                        }
                        self.path();
                        continue;
                    }
                },
                _ => {}
            }
            self.at += 1;
        }
    }

    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn line(&self) -> usize {
        self.tokens[self.at].1
    }

    /// Passes the `#` of an attribute, and the whole of `#[cfg(test)]` and `#[path = "…"]`: their
    /// names and texts. The inside of another attribute is read as code, since it may name paths.
    fn attribute(&mut self) -> Vec<Token> {
        self.at += 1;
        if self.token(0) == Some(&Token::Sign('!')) {
            self.at += 1;
        }
        let inside: Vec<Token> = (1..)
            .map_while(|ahead| self.token(ahead))
            .take_while(|token| **token != Token::Close(Delimiter::Bracket))
            .cloned()
            .collect();
        let first = inside.first();
        if first == Some(&Token::Name("cfg".into())) || first == Some(&Token::Name("path".into())) {
            self.at += inside.len() + 2;
        }
        let is_parenthesis = |token: &Token| {
            *token == Token::Open(Delimiter::Parenthesis)
                || *token == Token::Close(Delimiter::Parenthesis)
        };
        inside
            .into_iter()
            .filter(|token| !is_parenthesis(token))
            .collect()
    }

    /// Passes the item that an attribute stands before: up to the end of its first block of braces,
    /// or to a semicolon.
    fn skip_item(&mut self) {
        let mut depth = 0;
        let mut ends_at_semicolon = false;
        while let Some(token) = self.token(0).cloned() {
            self.at += 1;
            match token {
                Token::Name(name) if depth == 0 => {
                    ends_at_semicolon |= ["use", "const", "static", "let"].contains(&name.as_str());
                    // `const fn` is a function.
                    ends_at_semicolon &= name != "fn";
                }
                Token::Open(_) => depth += 1,
                Token::Close(delimiter) => {
                    depth -= 1;
                    if depth == 0 && delimiter == Delimiter::Brace && !ends_at_semicolon {
                        return;
                    }
                }
                Token::Sign(';') if depth == 0 => return,
                _ => {}
            }
        }
    }

    /// At `mod`: a module in a file of its own, or one with its code in this file.
    fn module(&mut self, depth: usize, file: Option<String>) {
        let Some(Token::Name(name)) = self.token(1).cloned() else {
            return;
        };
        match self.token(2) {
            Some(Token::Sign(';')) => self.found.modules.push((name, file)),
            Some(Token::Open(Delimiter::Brace)) => self.inline.push((name, depth + 1)),
            _ => {}
        }
    }

    /// At `use`: reads the declaration to its semicolon.
    fn import(&mut self) {
        let is_public = match self.at.checked_sub(1).map(|before| &self.tokens[before].0) {
            Some(Token::Name(name)) => name == "pub",
            Some(Token::Close(Delimiter::Parenthesis)) => true,
            _ => false,
        };
        self.at += 1;
        let absolute = self.token(0) == Some(&Token::Colons);
        self.use_tree(&mut Vec::new(), is_public, absolute);
    }

    /// One branch of a `use` declaration, below the names in `above`.
    fn use_tree(&mut self, above: &mut Vec<String>, is_public: bool, absolute: bool) {
        let length = above.len();
        let mut renamed = None;
        loop {
            let line = self.line();
            match self.token(0).cloned() {
                Some(Token::Name(name)) if name == "as" => {
                    if let Some(Token::Name(name)) = self.token(1) {
                        renamed = Some(name.clone());
                    }
                    self.at += 2;
                }
                Some(Token::Name(name)) => {
                    self.note_clap(&name, line);
                    above.push(name);
                    self.at += 1;
                }
                Some(Token::Colons) => self.at += 1,
                Some(Token::Sign('*')) => {
                    self.add_import(None, above, is_public, absolute);
                    self.at += 1;
                    break;
                }
                Some(Token::Open(Delimiter::Brace)) => {
                    self.at += 1;
                    while self.token(0) != Some(&Token::Close(Delimiter::Brace)) {
                        self.use_tree(above, is_public, absolute);
                        if self.token(0) == Some(&Token::Sign(',')) {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    break;
                }
                _ => {
                    let is_self =
                        above.len() > 1 && above.last().is_some_and(|name| name == "self");
                    if is_self {
                        above.pop();
                    }
                    let name = renamed.or_else(|| above.last().cloned());
                    self.add_import(name, above, is_public, absolute);
                    break;
                }
            }
        }
        above.truncate(length);
        if length == 0 {
            // The semicolon.
            self.at += 1;
        }
    }

    fn add_import(
        &mut self,
        name: Option<String>,
        path: &[String],
        is_public: bool,
        absolute: bool,
    ) {
        if absolute {
            return;
        }
        let line = self.tokens[self.at.min(self.tokens.len() - 1)].1;
        let path = self.outside_inline(path.to_vec());
        self.found.imports.push(Import {
            name,
            path: Path { names: path, line },
            is_public,
        });
    }

    /// At a name: reads the path that it begins.
    fn path(&mut self) {
        let line = self.line();
        let before = self.at.checked_sub(1).map(|before| &self.tokens[before].0);
        let is_rest = before == Some(&Token::Colons);
        let is_field = before == Some(&Token::Sign('.'));
        let is_item = matches!(before, Some(Token::Name(name)) if ITEMS.contains(&name.as_str()));
        let mut path = Vec::new();
        while let Some(Token::Name(name)) = self.token(0).cloned() {
            self.note_clap(&name, line);
            path.push(name);
            self.at += 1;
            match (self.token(0), self.token(1)) {
                (Some(Token::Colons), Some(Token::Name(_))) => self.at += 1,
                _ => break,
            }
        }
        // After `::` stands the rest of a path that began with a crate, a type or `<…>`.
        if is_rest || is_field || is_item {
            return;
        }
        let is_called = matches!(
            self.token(0),
            Some(Token::Open(Delimiter::Parenthesis) | Token::Colons | Token::Sign('!'))
        );
        if path.len() > 1 || is_called || path[0].starts_with(char::is_uppercase) {
            self.found.used.insert(path[0].clone());
        }
        if path.len() > 1 {
            let names = self.outside_inline(path);
            self.found.paths.push(Path { names, line });
        }
    }

    fn note_clap(&mut self, name: &str, line: usize) {
        if name == "clap" {
            self.found.clap.push(line);
        }
    }

    /// The same path as the file's own module would write it: within an inline module `super`
    /// leads out of that module first.
    fn outside_inline(&self, mut path: Vec<String>) -> Vec<String> {
        let mut around = self.inline.len();
        while around > 0 && path.len() > 1 && path[0] == "super" {
            path.remove(0);
            around -= 1;
            if path[0] != "super" {
                path.insert(0, "self".into());
            }
        }
        path
    }
}

fn names(names: &[&str]) -> Vec<Token> {
    names
        .iter()
        .map(|name| Token::Name((*name).into()))
        .collect()
}
