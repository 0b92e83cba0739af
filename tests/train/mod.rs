//! Training on a small set of synthetic cells: it repeats, it learns, it goes on after a stop, and it
//! refuses what it cannot use.

mod card;
mod interruption;
mod learning;
mod old_run;
mod refusal;
