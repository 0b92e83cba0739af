//! Stands in for `bf16` on other machines: no product gets [`Halves`], so nothing else is called.

use super::super::tasks::Scratch;
use super::{Finish, MatmulPrecision, Rows, Source};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halves {}

impl Halves {
    pub fn of(_: MatmulPrecision, _depth: usize, _uses: usize) -> Option<Self> {
        None
    }
}

pub fn pack(_: Source, halves: Halves) -> Scratch {
    match halves {}
}

pub fn multiply(_: Rows, _: &[f32], halves: Halves, _: usize, _: &impl Finish) {
    match halves {}
}

pub fn outer(_: Rows, _: &[f32], _: usize, halves: Halves) -> Vec<f32> {
    match halves {}
}
