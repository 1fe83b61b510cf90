//! Where plans are kept: `STATE/plans/ID.json` for good, `STATE/private/plans/ID.body` until done.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::approval::STANDS;
use super::super::rails::Tripped;
use super::{Body, Manifest, PlanError, RuleAlong};
use crate::model::{Digest, Instant, PlanId, SourceName};

/// A manifest larger than this was not written by us.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// A plan as it stands in the state directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    pub plan: PlanId,
    /// Digest of the manifest alone.
    pub digest: Digest,
    pub made_at: Instant,
    /// How many entries of the log were looked through for records that had gone before; what a later one says, the
    /// execution looks for.
    #[serde(default)]
    pub entries: u64,
    /// A person asked for it and was given it, also where the daemon had made the same: it is not the daemon's to take
    /// back.
    #[serde(default)]
    pub asked_for: bool,
    /// Sources that could not be read when it was made: it says nothing of their records.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<SourceName>,
    /// The rails it tripped when it was made; an approval looks again.
    pub rails: Vec<Tripped>,
    /// What was counted beside it, in the order of the manifest's rules; a plan made by an earlier version has none.
    #[serde(default)]
    pub along: Vec<RuleAlong>,
    pub manifest: Manifest,
}

/// A plan whose manifest and list were checked against each other.
#[derive(Debug)]
pub struct Plan {
    file: PlanFile,
    body: Body,
}

/// A plan's id, and its file or what is wrong with it.
pub type Listed = (PlanId, Result<PlanFile, PlanError>);

/// The two directories of plans.
#[derive(Clone, Debug)]
pub struct PlanDirs {
    manifests: PathBuf,
    bodies: PathBuf,
}

impl Plan {
    /// Its id.
    pub fn id(&self) -> &PlanId {
        &self.file.plan
    }

    /// Digest of its manifest: what an approval binds to.
    pub fn digest(&self) -> &Digest {
        &self.file.digest
    }

    /// What it says without personal information.
    pub fn manifest(&self) -> &Manifest {
        &self.file.manifest
    }

    /// As it stands in the state directory.
    pub fn file(&self) -> &PlanFile {
        &self.file
    }

    /// Its list.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Whether it waited too long for a decision.
    pub fn has_expired(&self, now: Instant) -> bool {
        self.file.has_expired(now)
    }
}

impl PlanFile {
    /// Whether it waited too long for a decision.
    pub fn has_expired(&self, now: Instant) -> bool {
        now - self.made_at > STANDS
    }
}

impl PlanDirs {
    /// The directories of plans under this state directory.
    pub fn of(state: &Path) -> Self {
        Self { manifests: state.join("plans"), bodies: state.join("private/plans") }
    }

    /// Where lists are made: beside the others, so that a rename suffices.
    pub(super) fn bodies(&self) -> &Path {
        &self.bodies
    }

    /// Whether the list of a plan is still there.
    pub fn has_body(&self, plan: &PlanId) -> bool {
        self.body_path(plan).exists()
    }

    pub(super) fn body_path(&self, plan: &PlanId) -> PathBuf {
        self.bodies.join(format!("{plan}.body"))
    }

    fn manifest_path(&self, plan: &PlanId) -> PathBuf {
        self.manifests.join(format!("{plan}.json"))
    }

    /// Reads a plan and checks its list against its manifest, item by item.
    ///
    /// # Errors
    /// There is no such plan, its list is gone, or either was altered.
    pub fn open(&self, plan: &PlanId) -> Result<Plan, PlanError> {
        let file = self.manifest(plan)?;
        let path = self.body_path(plan);
        if !path.exists() {
            return Err(PlanError::Erased { plan: plan.clone() });
        }
        let altered = |what: &str| PlanError::Altered { plan: plan.clone(), what: what.to_owned() };
        let body = Body::open(&path)?;
        let stated: Vec<_> = file.manifest.rules.iter().map(|rule| rule.items).collect();
        if body.items(stated.len())? != Some(stated) {
            return Err(altered("its list is not the one that its manifest describes"));
        }
        Ok(Plan { file, body })
    }

    /// Reads the manifest of a plan and checks it against its own digest and its name.
    ///
    /// # Errors
    /// There is no such plan, or its manifest was altered.
    pub fn manifest(&self, plan: &PlanId) -> Result<PlanFile, PlanError> {
        let unknown = || PlanError::Unknown { plan: plan.clone() };
        // An id is a file name: it must not lead elsewhere.
        if !plan.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') || plan.as_str().is_empty() {
            return Err(unknown());
        }
        let path = self.manifest_path(plan);
        let bytes = match read_bounded(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
            read => read.map_err(|source| PlanError::File { doing: "read", path, source })?,
        };
        let altered = |what: &str| PlanError::Altered { plan: plan.clone(), what: what.to_owned() };
        let file: PlanFile = serde_json::from_slice(&bytes)
            .map_err(|error| altered(&format!("its manifest cannot be read ({error})")))?;
        if file.manifest.format != Manifest::FORMAT {
            return Err(altered("its manifest has a form that this version does not know"));
        }
        let digest = file.manifest.digest()?;
        if digest != file.digest || file.plan != *plan || file.manifest.id(&digest) != *plan {
            return Err(altered("its manifest does not have the digest that it states"));
        }
        Ok(file)
    }

    /// Every plan, in order of ids, with what is wrong where one cannot be read.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn all(&self) -> Result<Vec<Listed>, PlanError> {
        let failed = |source| PlanError::File { doing: "read", path: self.manifests.clone(), source };
        let mut ids = Vec::new();
        match fs::read_dir(&self.manifests) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            entries => {
                for entry in entries.map_err(failed)? {
                    let name = entry.map_err(failed)?.file_name();
                    ids.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(PlanId::new));
                }
            }
        }
        ids.sort();
        Ok(ids.into_iter().map(|id| (id.clone(), self.manifest(&id))).collect())
    }

    /// Writes a manifest, durably.
    pub(super) fn keep_manifest(&self, file: &PlanFile) -> Result<(), PlanError> {
        let path = self.manifest_path(&file.plan);
        let mut bytes = serde_json::to_vec_pretty(file)?;
        bytes.push(b'\n');
        write_durably(&path, &bytes, 0o640).map_err(|source| PlanError::File { doing: "write", path, source })
    }

    /// Removes a plan whole: its list, then its manifest.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn remove(&self, plan: &PlanId) -> Result<(), PlanError> {
        self.erase_body(plan)?;
        let path = self.manifest_path(plan);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(PlanError::File { doing: "remove", path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// Erases lists that a process began and will not end: it is no more.
    ///
    /// # Errors
    /// The directory cannot be read, or a file cannot be removed.
    pub fn erase_abandoned_drafts(&self) -> Result<(), PlanError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| PlanError::File { doing, path, source }
        };
        for entry in fs::read_dir(&self.bodies).map_err(failed("read", &self.bodies))? {
            let path = entry.map_err(failed("read", &self.bodies))?.path();
            if is_abandoned(&path) {
                fs::remove_file(&path).map_err(failed("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Erases the list of a plan that is done; says whether there was one.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn erase_body(&self, plan: &PlanId) -> Result<bool, PlanError> {
        let path = self.body_path(plan);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(PlanError::File { doing: "remove", path, source }),
        }
    }
}

/// Whether this is a draft (`PID-N.draft`) of a process that no longer runs.
fn is_abandoned(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".draft"));
    let process = name.and_then(|name| name.split_once('-')?.0.parse::<u32>().ok());
    process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists())
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_MANIFEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes beside, syncs, renames, syncs the directory.
fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let beside = path.with_extension("tmp");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests;
