//! `karyolens serve` as a program of its own, a few MB that travel with the page: see
//! scripts/dist.sh.

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    karyolens::cli::serve()
}

#[cfg(target_family = "wasm")]
fn main() {}
