//! The program as its users run it: the real binary, on real files. Promises of exit codes, of JSON, and of nothing
//! destroyed that should not be.

#[path = "program/along.rs"]
mod along;
#[path = "program/bad_input.rs"]
mod bad_input;
#[cfg(feature = "simulate")]
#[path = "program/between.rs"]
mod between;
#[path = "program/crashed.rs"]
mod crashed;
#[path = "program/demo.rs"]
mod demo;
#[cfg(feature = "simulate")]
#[path = "program/denied.rs"]
mod denied;
#[cfg(feature = "simulate")]
#[path = "program/elsewhere.rs"]
mod elsewhere;
#[path = "program/evidence.rs"]
mod evidence;
#[path = "program/explain.rs"]
mod explain;
#[path = "program/expressions.rs"]
mod expressions;
#[path = "program/files.rs"]
mod files;
#[path = "program/flow.rs"]
mod flow;
#[path = "program/foreign_key.rs"]
mod foreign_key;
#[path = "program/forms.rs"]
mod forms;
#[path = "program/giants.rs"]
mod giants;
#[path = "program/hold.rs"]
mod hold;
#[path = "program/hold_meaning.rs"]
mod hold_meaning;
#[path = "program/house.rs"]
mod house;
#[path = "program/init.rs"]
mod init;
#[cfg(feature = "simulate")]
#[path = "program/interrupted.rs"]
mod interrupted;
#[path = "program/json.rs"]
mod json;
#[path = "program/keys.rs"]
mod keys;
#[cfg(feature = "simulate")]
#[path = "program/left.rs"]
mod left;
#[cfg(feature = "simulate")]
#[path = "program/left_older.rs"]
mod left_older;
#[path = "program/lookup.rs"]
mod lookup;
#[path = "program/many_rules.rs"]
mod many_rules;
#[path = "program/masks.rs"]
mod masks;
#[path = "program/meanwhile.rs"]
mod meanwhile;
#[cfg(feature = "simulate")]
#[path = "program/midnight.rs"]
mod midnight;
#[cfg(feature = "simulate")]
#[path = "program/named_elsewhere.rs"]
mod named_elsewhere;
#[cfg(feature = "simulate")]
#[path = "program/put_back.rs"]
mod put_back;
#[cfg(feature = "simulate")]
#[path = "program/remapped.rs"]
mod remapped;
#[path = "program/rotation.rs"]
mod rotation;
#[path = "program/rows.rs"]
mod rows;
#[path = "program/sources.rs"]
mod sources;
#[cfg(feature = "simulate")]
#[path = "program/stopped.rs"]
mod stopped;
mod support;
#[path = "program/terminal.rs"]
mod terminal;
#[path = "program/triggers.rs"]
mod triggers;
#[path = "program/two_series.rs"]
mod two_series;
#[cfg(feature = "simulate")]
#[path = "program/unsettled.rs"]
mod unsettled;
#[path = "program/usage.rs"]
mod usage;
#[path = "program/witness.rs"]
mod witness;
#[path = "program/written.rs"]
mod written;
