//! Packed weights, kept between forward passes.
//!
//! For one image, packing a network's weights takes as long as a good part of the products
//! themselves, and they do not change. So a forward pass without gradients keeps what it packed
//! beside the storage of the weights it came from. Holding that storage makes burn copy before it
//! would change it, so an entry is right for as long as its address is its own; entries whose
//! weights nobody else holds any more go when the next are packed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::cpu::gemm::Packed;

/// Where the weights lie, and their shape.
type Key = (usize, usize, Vec<usize>);

/// The tensor holds the storage.
type Kept = HashMap<Key, (FlexTensor, Arc<Packed>)>;

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// `weight` packed, by `pack` unless it is known. A weight is packed in one way only, that of the
/// layer it belongs to.
pub fn packed(weight: &FlexTensor, pack: impl FnOnce() -> Packed) -> Arc<Packed> {
    let key = (
        weight.bytes().as_ptr() as usize,
        weight.layout().start_offset(),
        weight.shape().to_vec(),
    );
    if let Some((_, packed)) = kept().get_or_insert_default().get(&key) {
        return packed.clone();
    }
    // Not under the lock: while it waits for its threads, this one may take up another pass.
    let packed = Arc::new(pack());
    let mut kept = kept();
    let kept = kept.get_or_insert_default();
    kept.retain(|_, (weight, _)| !weight.is_unique());
    kept.insert(key, (weight.clone(), packed.clone()));
    packed
}

fn kept() -> MutexGuard<'static, Option<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}
