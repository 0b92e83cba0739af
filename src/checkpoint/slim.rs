//! A smaller transformer cut out of a trained one: some of its blocks, heads and neurons.
//!
//! The smaller network answers badly until it has been trained again, but it starts with much that
//! the larger one learnt. The heads and neurons of largest weight stay. A neuron's weight is the
//! product of the norms of its incoming and outgoing weights ("The Optimal BERT Surgeon" and others
//! take such magnitudes as their baseline); a head's weight is the same of its values and its part of
//! the output.

use thiserror::Error;

use super::{Array, Checkpoint, StateDict};
use crate::model::{Architecture, VitConfig};

/// The names of a block's tensors begin with this.
const BLOCKS: &str = "blocks.";

/// Why a smaller network cannot be cut out of another.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SlimError {
    /// The network is no transformer, and only those have blocks of one kind.
    #[error("{0} is no transformer: its stages need all their blocks")]
    NoTransformer(String),
    /// The number to keep is 0 or larger than the number there is.
    #[error("there is no {what} {asked} among {there}")]
    NotThere {
        /// Block, heads or neurons.
        what: &'static str,
        /// Which block, or how many.
        asked: usize,
        /// How many there are.
        there: usize,
    },
    /// The weights are not those of the card's architecture.
    #[error("tensor {0} is missing or misshapen")]
    Weights(String),
}

impl Checkpoint {
    /// Keeps only these blocks, in this order.
    ///
    /// # Errors
    /// [`SlimError`] where a block is not there, or the network is no transformer.
    pub fn keep_blocks(&mut self, kept: &[usize]) -> Result<(), SlimError> {
        let config = self.transformer()?;
        let there = config.depth;
        if let Some(&asked) = kept.iter().find(|block| **block >= there) {
            let what = "block";
            return Err(SlimError::NotThere { what, asked, there });
        }
        config.depth = kept.len();
        let all = std::mem::take(&mut self.weights.0);
        for (name, tensor) in all {
            let block = name.strip_prefix(BLOCKS).and_then(|rest| {
                let (number, rest) = rest.split_once('.')?;
                Some((number.parse::<usize>().ok()?, rest))
            });
            let Some((number, rest)) = block else {
                self.weights.0.insert(name, tensor);
                continue;
            };
            for new in (0..kept.len()).filter(|&new| kept[new] == number) {
                let name = format!("{BLOCKS}{new}.{rest}");
                self.weights.0.insert(name, tensor.clone());
            }
        }
        Ok(())
    }

    /// Keeps the heads of largest weight of each block's attention.
    ///
    /// # Errors
    /// [`SlimError`] where there are not so many, or the network is no transformer.
    pub fn keep_heads(&mut self, kept: usize) -> Result<(), SlimError> {
        let config = self.transformer()?;
        let (there, width) = (config.heads, config.attention_width());
        if !(1..=there).contains(&kept) {
            let (what, asked) = ("number of heads", kept);
            return Err(SlimError::NotThere { what, asked, there });
        }
        let side = width / there;
        config.heads = kept;
        config.attention = Some(kept * side);
        for block in 0..config.depth {
            let name = |part: &str| format!("{BLOCKS}{block}.{part}");
            let [qkv, bias, output] = ["qkv.weight", "qkv.bias", "output.weight"]
                .map(|part| name(&format!("attention.{part}")));
            let values = norms(&self.weights, &qkv, Side::Columns)?;
            let outputs = norms(&self.weights, &output, Side::Rows)?;
            if values.len() != 3 * width || outputs.len() != width {
                return Err(SlimError::Weights(qkv));
            }
            let weight = |head: usize| {
                let of = |norms: &[f32]| -> f32 {
                    norms[head * side..][..side].iter().map(|n| n * n).sum()
                };
                of(&values[2 * width..]) * of(&outputs)
            };
            let heads = weightiest(there, kept, weight);
            let own: Vec<usize> = heads
                .iter()
                .flat_map(|head| head * side..(head + 1) * side)
                .collect();
            // Queries, keys and values lie side by side.
            let all: Vec<usize> = (0..3)
                .flat_map(|part| own.iter().map(move |i| part * width + i))
                .collect();
            select(&mut self.weights, &qkv, Side::Columns, &all)?;
            select(&mut self.weights, &bias, Side::Columns, &all)?;
            select(&mut self.weights, &output, Side::Rows, &own)?;
        }
        Ok(())
    }

    /// Keeps the neurons of largest weight of each block's MLP.
    ///
    /// # Errors
    /// [`SlimError`] where there are not so many, or the network is no transformer.
    pub fn keep_neurons(&mut self, kept: usize) -> Result<(), SlimError> {
        let config = self.transformer()?;
        let there = config.hidden_width();
        if !(1..=there).contains(&kept) {
            let (what, asked) = ("number of neurons", kept);
            return Err(SlimError::NotThere { what, asked, there });
        }
        config.hidden = Some(kept);
        for block in 0..config.depth {
            let [expand, bias, project] = ["expand.weight", "expand.bias", "project.weight"]
                .map(|part| format!("{BLOCKS}{block}.{part}"));
            let to = norms(&self.weights, &expand, Side::Columns)?;
            let from = norms(&self.weights, &project, Side::Rows)?;
            if to.len() != there || from.len() != there {
                return Err(SlimError::Weights(expand));
            }
            let neurons = weightiest(there, kept, |neuron| to[neuron] * from[neuron]);
            select(&mut self.weights, &expand, Side::Columns, &neurons)?;
            select(&mut self.weights, &bias, Side::Columns, &neurons)?;
            select(&mut self.weights, &project, Side::Rows, &neurons)?;
        }
        Ok(())
    }

    fn transformer(&mut self) -> Result<&mut VitConfig, SlimError> {
        let name = self.card.architecture.name();
        match &mut self.card.architecture {
            Architecture::Vit(config) => Ok(config),
            _ => Err(SlimError::NoTransformer(name.into())),
        }
    }
}

/// The `kept` of `there` with the largest weight, in their order.
fn weightiest(there: usize, kept: usize, weight: impl Fn(usize) -> f32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..there).collect();
    order.sort_by(|&a, &b| weight(b).total_cmp(&weight(a)));
    order.truncate(kept);
    order.sort_unstable();
    order
}

/// An axis of a matrix `[rows, columns]`; a vector has columns alone.
#[derive(Clone, Copy)]
enum Side {
    Rows,
    Columns,
}

/// The Euclidean norm of each row or column.
fn norms(weights: &StateDict, name: &str, side: Side) -> Result<Vec<f32>, SlimError> {
    let (array, [rows, columns]) = matrix(weights, name)?;
    let at = |row: usize, column: usize| array.values[row * columns + column];
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|v| v * v).sum::<f32>().sqrt();
    Ok(match side {
        Side::Rows => (0..rows)
            .map(|row| norm(&mut (0..columns).map(|column| at(row, column))))
            .collect(),
        Side::Columns => (0..columns)
            .map(|column| norm(&mut (0..rows).map(|row| at(row, column))))
            .collect(),
    })
}

/// Keeps some rows or columns of a tensor.
fn select(
    weights: &mut StateDict,
    name: &str,
    side: Side,
    kept: &[usize],
) -> Result<(), SlimError> {
    let (array, [rows, columns]) = matrix(weights, name)?;
    let all: Vec<usize>;
    let (kept_rows, kept_columns): (&[usize], &[usize]) = match side {
        Side::Rows => {
            all = (0..columns).collect();
            (kept, &all)
        }
        Side::Columns => {
            all = (0..rows).collect();
            (&all, kept)
        }
    };
    let values = kept_rows
        .iter()
        .flat_map(|row| {
            kept_columns
                .iter()
                .map(move |column| array.values[row * columns + column])
        })
        .collect();
    let shape = match array.shape.len() {
        1 => vec![kept_columns.len()],
        _ => vec![kept_rows.len(), kept_columns.len()],
    };
    weights.0.insert(name.into(), Array { shape, values });
    Ok(())
}

/// A tensor and its rows and columns.
fn matrix<'a>(weights: &'a StateDict, name: &str) -> Result<(&'a Array, [usize; 2]), SlimError> {
    let array = weights.0.get(name);
    let sides = array.and_then(|array| match array.shape[..] {
        [columns] => Some((array, [1, columns])),
        [rows, columns] => Some((array, [rows, columns])),
        _ => None,
    });
    sides.ok_or_else(|| SlimError::Weights(name.into()))
}
