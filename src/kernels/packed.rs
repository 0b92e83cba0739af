//! Packed weights, kept between forward passes.
//!
//! For one image, packing a network's weights takes as long as a good part of the products
//! themselves, and they do not change. So a forward pass without gradients keeps what it packed
//! beside a weak reference to the storage of the weights it came from. As long as that reference
//! exists, the storage's address is no other's, and whoever would change the storage in place is
//! given a new one: an entry whose reference still leads somewhere is right.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;
use burn::tensor::Bytes;

use super::cpu::gemm::MatmulPrecision;

/// Where the weights lie, their shape, what they were packed as, and how exact products with them
/// are.
type Key = (usize, usize, Vec<usize>, TypeId, MatmulPrecision);

type Kept = HashMap<Key, (Weak<Bytes>, Arc<dyn Any + Send + Sync>)>;

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// `weight` packed for products of `precision`, by `pack` unless it is known. A weight is packed as a
/// `T` in one way only, that of the layer it belongs to.
pub fn packed<T: Any + Send + Sync>(
    weight: &FlexTensor,
    precision: MatmulPrecision,
    pack: impl FnOnce() -> T,
) -> Arc<T> {
    let storage = weight.data_arc();
    let key = (
        Arc::as_ptr(&storage) as usize,
        weight.layout().start_offset(),
        weight.shape().to_vec(),
        TypeId::of::<T>(),
        precision,
    );
    if let Some((source, packed)) = kept().get_or_insert_default().get(&key)
        && source.strong_count() > 0
        && let Ok(packed) = packed.clone().downcast()
    {
        return packed;
    }
    // Not under the lock: while it waits for its threads, this one may take up another pass.
    let packed = Arc::new(pack());
    release_unused();
    let entry: (_, Arc<dyn Any + Send + Sync>) = (Arc::downgrade(&storage), packed.clone());
    kept().get_or_insert_default().insert(key, entry);
    packed
}

/// Lets go of what was packed of weights that are no more, such as those of a model that has been
/// dropped.
pub fn release_unused() {
    let mut kept = kept();
    kept.get_or_insert_default()
        .retain(|_, (source, _)| source.strong_count() > 0);
}

fn kept() -> MutexGuard<'static, Option<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}
