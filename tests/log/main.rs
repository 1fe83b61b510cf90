//! The destruction log before its auditor: sound logs pass, and every forgery, cut and flipped bit is found.

#![allow(
    clippy::disallowed_methods,
    reason = "what is taken away are logs of the tests' own, in temporary directories"
)]

mod answers;
mod attacks;
mod canaries;
mod cosigned;
mod earlier;
mod forge;
mod hostile;
mod parsers;
mod proofs;
mod python;
mod real;
mod sense;
mod succession;
#[path = "../support/mod.rs"]
mod support;
mod terms;
mod witnesses;
