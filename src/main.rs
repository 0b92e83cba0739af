//! The native program; everything it does is in [`karyolens::cli`].

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    karyolens::cli::main()
}

#[cfg(target_family = "wasm")]
fn main() {}
