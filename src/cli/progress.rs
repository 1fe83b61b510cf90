//! Progress bars: on standard error, and only where that is a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over this many `what`, if that is known yet; it draws nothing where standard error is no terminal.
pub(super) fn bar(length: Option<u64>, what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr()).with_message(what.to_owned());
    match ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} {msg}, {elapsed}") {
        Ok(style) => bar.with_style(style),
        // The template is a constant: without its style the bar is plainer, and no less right.
        Err(_) => bar,
    }
}
