//! Packed weights, kept between forward passes.
//!
//! For one image, packing a network's weights takes a good part of the time of the products, and the
//! weights do not change. So a forward pass without gradients keeps the packed weights beside a weak
//! reference to the storage of the weights. While that reference exists, no other storage has this
//! address, and a change in place copies the storage first. So an entry is right as long as its
//! reference leads to a storage.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;
use burn::tensor::Bytes;

use super::MatmulPrecision;

/// Where the weights lie, their shape, the type that they were packed as, and the precision of the
/// products.
type Key = (usize, usize, Vec<usize>, TypeId, MatmulPrecision);

type Kept = HashMap<Key, (Weak<Bytes>, Arc<dyn Any + Send + Sync>)>;

static KEPT: Mutex<Option<Kept>> = Mutex::new(None);

/// `weight` packed for products of `precision`; `pack` is called where there is no entry yet. Each
/// weight is packed as a `T` in one way only, the way of its layer.
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
    // Not under the lock: while packing waits for its threads, this thread may start another pass.
    let packed = Arc::new(pack());
    release_unused();
    let entry: (_, Arc<dyn Any + Send + Sync>) = (Arc::downgrade(&storage), packed.clone());
    kept().get_or_insert_default().insert(key, entry);
    packed
}

/// Frees the packed weights of models that were dropped.
pub fn release_unused() {
    let mut kept = kept();
    kept.get_or_insert_default()
        .retain(|_, (source, _)| source.strong_count() > 0);
}

fn kept() -> MutexGuard<'static, Option<Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}
