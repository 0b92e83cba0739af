//! The native program's allocator, jemalloc where it is known to work: Linux.
//!
//! A training step asks for the same large buffers again and again. The system's allocator gives
//! such back at once, so that the next step waits for the kernel to clear fresh pages; jemalloc is
//! told to keep them, and in huge pages. What a process has taken it returns when it ends.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// jemalloc reads its options from the C string behind this name.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static OPTIONS: &[u8; 67] =
    b"thp:always,metadata_thp:always,dirty_decay_ms:-1,muzzy_decay_ms:-1\0";
