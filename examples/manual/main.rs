//! Writes the manual page of the program and the shells' completions: `cargo run --example manual -- target/manual`.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap_complete::{Shell, generate_to};

fn main() -> io::Result<()> {
    let dir = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "target/manual".into()));
    fs::create_dir_all(&dir)?;
    let mut command = retentiond::cli::command();
    let manual = clap_mangen::Man::new(command.clone()).section("8");
    let mut page = Vec::new();
    manual.render(&mut page)?;
    fs::write(dir.join("retentiond.8"), page)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command, "retentiond", &dir)?;
    }
    Ok(())
}
