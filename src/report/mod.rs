//! Plans, runs and log entries as text, JSON and CSV.
