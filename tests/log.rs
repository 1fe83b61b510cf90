//! The destruction log before its auditor: sound logs pass, and every forgery, cut and flipped bit is found.

#[path = "log/forge.rs"]
mod forge;

#[path = "log/answers.rs"]
mod answers;
#[path = "log/attacks.rs"]
mod attacks;
#[path = "log/canaries.rs"]
mod canaries;
#[path = "log/parsers.rs"]
mod parsers;
#[path = "log/proofs.rs"]
mod proofs;
#[path = "log/python.rs"]
mod python;
#[path = "log/real.rs"]
mod real;
#[path = "log/sense.rs"]
mod sense;
mod support;
#[path = "log/terms.rs"]
mod terms;
