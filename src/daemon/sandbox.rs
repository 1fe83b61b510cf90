//! What the daemon may open, as the kernel holds it to (Landlock): its state, the sources' directories, the roots of
//! their files, and little else, read only; nothing may be executed. Whatever a path, a symbolic link or a fault of the
//! program leads to elsewhere stays shut.
//!
//! It cannot be widened once it is on: a reload that needs more asks for a restart. The thread that runs the notify
//! command begins before, and is free.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr,
    RulesetError, RulesetStatus, make_bitflags,
};

use crate::config::{Config, Listen};

/// Rights known since Linux 6.10; on an older kernel those that it knows.
const KNOWN: ABI = ABI::V5;

/// What the daemon does at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Its own files: anything but running them.
    Own,
    /// Makes, changes and removes files beside those of others: databases and their journals, figures.
    Share,
    /// Removes files.
    Unlink,
    Read,
}

/// Places, and what is done there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach(BTreeSet<(PathBuf, Use)>);

/// The restriction that is on; it stays until the process ends.
#[derive(Debug)]
pub struct Sandbox {
    /// `None` where the kernel restricts nothing.
    permitted: Option<Reach>,
}

impl Reach {
    /// What a configuration needs.
    pub fn of(config: &Config) -> Self {
        let mut reach = Self::default();
        reach.add(&config.state, Use::Own);
        for source in config.sources.values() {
            reach.add_beside(&source.sqlite, Use::Share);
        }
        let parts = config.series.iter().flat_map(|series| &series.parts);
        for files in parts.filter_map(|part| part.files.as_ref()) {
            reach.add(&files.root, Use::Unlink);
        }
        for law in std::iter::once(&config.file).chain(&config.calendars) {
            reach.add_beside(law, Use::Read);
        }
        if let Some(Listen::Unix(socket)) = &config.metrics.listen {
            reach.add_beside(socket, Use::Share);
        }
        if let Some(textfile) = &config.metrics.textfile {
            reach.add_beside(textfile, Use::Share);
        }
        reach
    }

    /// What every daemon needs beside.
    fn of_any() -> Self {
        let mut reach = Self::default();
        // SQLite sorts large plans in files that have no name.
        for place in ["/tmp", "/var/tmp", "/dev/null"] {
            reach.add(Path::new(place), Use::Share);
        }
        for place in ["/etc/passwd", "/etc/group", "/proc", "/dev/urandom"] {
            reach.add(Path::new(place), Use::Read);
        }
        reach
    }

    fn add(&mut self, place: &Path, usage: Use) {
        self.0.insert((resolved(place), usage));
    }

    /// The directory of a file, as named and as a symbolic link in its place leads to.
    fn add_beside(&mut self, file: &Path, usage: Use) {
        for file in [file.to_owned(), resolved(file)] {
            if let Some(directory) = file.parent() {
                self.add(directory, usage);
            }
        }
    }

    /// Places of another reach that this one does not cover.
    fn lacks(&self, other: &Self) -> BTreeSet<PathBuf> {
        let is_covered = |place: &Path, usage: Use| {
            let above = self.0.iter().filter(|(own, _)| place.starts_with(own));
            let granted = above.fold(BitFlags::empty(), |granted, (_, own)| granted | rights(*own));
            granted.contains(rights(usage))
        };
        other.0.iter().filter(|(place, usage)| !is_covered(place, *usage)).map(|(place, _)| place.clone()).collect()
    }
}

impl Sandbox {
    /// Restricts this thread, and all that it begins from now on, to what a configuration needs and `credentials`, a
    /// directory to read. Where the kernel cannot, that is said once, and the daemon goes on.
    pub fn enter(config: &Config, credentials: Option<&Path>) -> Self {
        let mut reach = Reach::of(config);
        reach.0.extend(Reach::of_any().0);
        if let Some(directory) = credentials {
            reach.add(directory, Use::Read);
        }
        match restrict(&reach) {
            Ok(RulesetStatus::NotEnforced) => {
                tracing::warn!(
                    "this kernel does not restrict what the daemon may open (Landlock is off); the unit's own sandbox is all there is"
                );
                Self { permitted: None }
            }
            Ok(status) => {
                tracing::info!(
                    whole = status == RulesetStatus::FullyEnforced,
                    "the kernel restricts what the daemon may open"
                );
                Self { permitted: Some(reach) }
            }
            Err(error) => {
                tracing::warn!(%error, "what the daemon may open could not be restricted");
                Self { permitted: None }
            }
        }
    }

    /// Why another configuration needs a restart; `None` where it does not.
    pub fn forbids(&self, config: &Config) -> Option<String> {
        let lacking = self.permitted.as_ref()?.lacks(&Reach::of(config));
        let places: Vec<String> = lacking.iter().map(|place| place.display().to_string()).collect();
        (!places.is_empty()).then(|| {
            let places = places.join(", ");
            format!("{places} lies outside of what the daemon may open since it started; restart it (`systemctl restart retentiond`)")
        })
    }
}

/// Where a path leads; itself where nothing is there yet.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn rights(usage: Use) -> BitFlags<AccessFs> {
    let read = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let share = read | make_bitflags!(AccessFs::{WriteFile | Truncate | RemoveFile | MakeReg | MakeSock});
    match usage {
        Use::Own => share | make_bitflags!(AccessFs::{RemoveDir | MakeDir | Refer}),
        Use::Share => share,
        Use::Unlink => read | AccessFs::RemoveFile,
        Use::Read => read,
    }
}

fn restrict(reach: &Reach) -> Result<RulesetStatus, RulesetError> {
    let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(KNOWN))?.create()?;
    for (place, usage) in &reach.0 {
        ruleset = permit(ruleset, place, *usage)?;
    }
    Ok(ruleset.restrict_self()?.ruleset)
}

fn permit(ruleset: RulesetCreated, place: &Path, usage: Use) -> Result<RulesetCreated, RulesetError> {
    let place = match PathFd::new(place) {
        Ok(place) => place,
        Err(error) => {
            tracing::debug!(place = %place.display(), %error, "a place that is not there cannot be permitted");
            return Ok(ruleset);
        }
    };
    let is_directory =
        rustix::fs::fstat(&place).is_ok_and(|found| rustix::fs::FileType::from_raw_mode(found.st_mode).is_dir());
    // The kernel takes no rights on directories for a file.
    let rights = if is_directory { rights(usage) } else { rights(usage) & AccessFs::from_file(KNOWN) };
    ruleset.add_rule(PathBeneath::new(place, rights))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::process::Command;

    use super::*;

    fn reach(places: &[(&str, Use)]) -> Reach {
        Reach(places.iter().map(|(place, usage)| (PathBuf::from(place), *usage)).collect())
    }

    #[test]
    fn a_place_beneath_a_permitted_one_is_covered_as_far_as_its_use_goes() {
        let permitted =
            reach(&[("/srv/app", Use::Share), ("/etc/retentiond", Use::Read), ("/srv/app/files", Use::Unlink)]);
        let covered =
            reach(&[("/srv/app/archive", Use::Share), ("/srv/app/files/2026", Use::Unlink), ("/srv/app", Use::Read)]);
        assert_eq!(permitted.lacks(&covered), BTreeSet::new());
        let beyond = reach(&[("/srv/apple", Use::Read), ("/etc/retentiond", Use::Share), ("/srv/app", Use::Own)]);
        let lacking = permitted.lacks(&beyond);
        assert_eq!(
            lacking.iter().map(|place| place.display().to_string()).collect::<Vec<_>>(),
            ["/etc/retentiond", "/srv/app", "/srv/apple"]
        );
    }

    #[test]
    fn where_the_kernel_restricts_nothing_a_reload_may_name_any_place() {
        assert_eq!(Reach::default().lacks(&reach(&[("/srv", Use::Read)])).len(), 1);
        let loaded =
            crate::config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs/valid/minimal.toml"))
                .unwrap();
        assert_eq!(Sandbox { permitted: None }.forbids(&loaded.config), None);
        let message = Sandbox { permitted: Some(Reach::default()) }.forbids(&loaded.config).unwrap();
        assert!(message.contains("tests/configs/valid") && message.contains("restart it"), "{message}");
    }

    #[test]
    fn nothing_can_be_executed_nor_libraries_be_read_and_the_accounts_can() {
        let loaded =
            crate::config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs/valid/minimal.toml"))
                .unwrap();
        let program = std::env::current_exe().unwrap();
        // Only the thread that enters is restricted.
        let restricted = std::thread::spawn(move || {
            let sandbox = Sandbox::enter(&loaded.config, None);
            // Whose files a source's are, and who may use them, is judged by these two.
            let accounts = ["/etc/passwd", "/etc/group"].map(|file| fs::read(file).is_ok());
            sandbox
                .permitted
                .map(|_| (Command::new(program).arg("--list").output(), fs::read_dir("/usr/lib"), accounts))
        });
        let Some((executed, read, accounts)) = restricted.join().unwrap() else { return };
        assert_eq!(executed.map(drop).unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(read.map(drop).unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(accounts, [true, true]);
    }
}
