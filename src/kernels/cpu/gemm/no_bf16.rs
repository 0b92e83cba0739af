//! Stands in for `bf16` on other machines: no product gets a [`Method`], so nothing else is called.

use super::super::tasks::Scratch;
use super::{Finish, MatmulPrecision, Rows, Source};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {}

impl Method {
    pub fn of(_: MatmulPrecision, _depth: usize, _uses: usize) -> Option<Self> {
        None
    }
}

pub fn pack(_: Source, method: Method) -> Scratch {
    match method {}
}

pub fn multiply(_: Rows, _: &[f32], method: Method, _: usize, _: &impl Finish) {
    match method {}
}

pub fn outer(_: Rows, _: &[f32], _: usize, method: Method) -> Vec<f32> {
    match method {}
}
