//! retentiond keeps an organization's promise to destroy.
//!
//! A conservation calendar ([`calendar`]) says what is kept, from which event, how long, then what. The configuration
//! ([`config`]) says where the records are; [`records`] reads the facts of each. [`disposition`] judges them, makes a
//! plan, waits for an approval and executes it, chunk by chunk; [`audit`] keeps the evidence, which a stranger
//! verifies. [`report`] tells people, [`daemon`] does it every night, [`cli`] is the door. [`model`] holds the words
//! they share.

pub mod model;

pub mod calendar;

pub mod records;

pub mod audit;

pub mod config;

pub mod disposition;

pub mod report;

pub mod daemon;

pub mod cli;
