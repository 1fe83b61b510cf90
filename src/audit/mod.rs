//! The destruction log: leaves, fingerprint keys, journal, tiles, checkpoints; verification without trusting the operator.
//!
//! Does not know the records, the calendar's types or the configuration. Depends on `model` alone.

pub mod leaf;

pub mod checkpoint;
pub mod merkle;
pub mod note;
