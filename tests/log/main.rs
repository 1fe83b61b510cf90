//! The destruction log before its auditor: sound logs pass, and every forgery, cut and flipped bit is found.

mod answers;
mod attacks;
mod canaries;
mod earlier;
mod forge;
mod hostile;
mod parsers;
mod proofs;
mod python;
mod real;
mod sense;
#[path = "../support/mod.rs"]
mod support;
mod terms;
