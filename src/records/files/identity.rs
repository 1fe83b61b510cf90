//! What a path leads to, whatever its spelling: symbolic links, `..` and bind mounts give one thing many paths.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use std::os::unix::fs::MetadataExt;

/// A directory or a file itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    pub(super) dev: u64,
    pub(super) ino: u64,
}

impl Identity {
    /// Of what a path leads to, links followed; `None` where nothing stands there.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        match fs::metadata(path) {
            Ok(found) => Ok(Some(Self { dev: found.dev(), ino: found.ino() })),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Directories, each looked at once.
#[derive(Debug, Default)]
pub struct Directories(BTreeMap<PathBuf, Option<Identity>>);

impl Directories {
    /// The path of a file from a directory, where that is among the directories above it. `file` has no symbolic link
    /// above it.
    pub fn path_from(&mut self, directory: Identity, file: &Path) -> Option<PathBuf> {
        let above = file.ancestors().skip(1).find(|above| self.of(above) == Some(directory))?;
        file.strip_prefix(above).ok().map(Path::to_owned)
    }

    fn of(&mut self, directory: &Path) -> Option<Identity> {
        if let Some(known) = self.0.get(directory) {
            return *known;
        }
        let identity = Identity::of(directory).ok().flatten();
        self.0.insert(directory.to_owned(), identity);
        identity
    }
}

/// A path with its `.` and `..` folded by the letter, as programs do that ask no file system.
pub fn folded(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut folded, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                folded.pop();
            }
            component => folded.push(component),
        }
        folded
    })
}

/// Whether two absolute paths are the same, by the letter.
pub fn same_as_written(one: &Path, two: &Path) -> bool {
    folded(one) == folded(two)
}

/// Whether two absolute roots are the same or one lies in the other, by the letter.
pub fn overlap_as_written(one: &Path, two: &Path) -> bool {
    let (one, two) = (folded(one), folded(two));
    one.starts_with(&two) || two.starts_with(&one)
}

/// Whether two roots are the same directory or one lies in the other, whatever links and mounts lead there.
///
/// Where one of them cannot be looked at, what is written counts.
pub fn overlap(one: &Path, two: &Path) -> bool {
    overlap_as_written(one, two) || lies_in(one, two) || lies_in(two, one)
}

/// Whether a file, which need not exist yet, is this file or lies in this directory, whatever links and mounts lead
/// there and however many names it has.
///
/// Where one of them cannot be looked at, what is written counts.
pub fn is_or_lies_in(file: &Path, place: &Path) -> bool {
    let [file, place] = [file, place].map(|path| real(path).unwrap_or_else(|_| folded(path)));
    let of = |path: &Path| Identity::of(path).ok().flatten();
    let is_there =
        |identity| of(&file) == Some(identity) || Directories::default().path_from(identity, &file).is_some();
    file.starts_with(&place) || of(&place).is_some_and(is_there)
}

/// More links than this, one leading to the next, the system does not follow either.
const MOST_LINKS: usize = 40;

/// The path without links of a file that stands there or would be made there, in a directory that exists.
///
/// # Errors
/// No such directory; links that lead in a circle.
pub fn real(path: &Path) -> io::Result<PathBuf> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MOST_LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (),
            found => return found,
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let parent = fs::canonicalize(parent)?;
        let new = parent.join(name);
        match fs::read_link(&new) {
            Ok(target) => path = parent.join(target),
            Err(_) => return Ok(new),
        }
    }
    Err(rustix::io::Errno::LOOP.into())
}

fn lies_in(inner: &Path, outer: &Path) -> bool {
    let (Ok(inner), Ok(Some(outer))) = (fs::canonicalize(inner), Identity::of(outer)) else { return false };
    // As of a file in it, so that the directory itself is among those above.
    Directories::default().path_from(outer, &inner.join("file")).is_some()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_folded_by_the_letter() {
        for (path, expected) in
            [("/srv/./a", "/srv/a"), ("/srv/x/../a/", "/srv/a"), ("/../a", "/a"), ("/srv/x/../../a", "/a")]
        {
            assert_eq!(folded(Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn roots_overlap_through_links_and_dots_and_nesting_and_not_by_name_alone() {
        let room = tempfile::tempdir().unwrap();
        let at = |path: &str| room.path().join(path);
        fs::create_dir_all(at("files/scans")).unwrap();
        fs::create_dir_all(at("files2")).unwrap();
        symlink("files", at("link")).unwrap();
        for other in ["files", "link", "files2/../files", "link/scans", ".", "files/absent"] {
            assert!(overlap(&at("files"), &at(other)), "{other}");
            assert!(overlap(&at(other), &at("files")), "{other}");
        }
        for other in ["files2", "absent"] {
            assert!(!overlap(&at("files"), &at(other)), "{other}");
        }
        assert!(!overlap_as_written(&at("files"), &at("link")));
    }
}
