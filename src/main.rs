//! The native program; everything it does is in [`karyolens::cli`].

/// The allocator of training: jemalloc, where it is known to work.
///
/// A training step asks for the same large buffers again and again. The system's allocator gives
/// freed buffers back at once, so that the next step waits for the kernel to clear fresh pages;
/// jemalloc is told to keep them, and in huge pages. It returns them when the program ends.
#[cfg(target_os = "linux")]
mod memory {
    #[global_allocator]
    static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

    /// jemalloc reads its options from the C string behind this name.
    #[unsafe(export_name = "_rjem_malloc_conf")]
    pub static OPTIONS: &[u8; 67] =
        b"thp:always,metadata_thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1\0";
}

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    karyolens::cli::main()
}

#[cfg(target_family = "wasm")]
fn main() {}
