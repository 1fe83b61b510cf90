//! The command line: one file per subcommand. The only room that knows clap and miette.
