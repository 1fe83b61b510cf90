//! The daemon: when to scan, when to pause, and how to live under systemd. The only room that knows tokio.
