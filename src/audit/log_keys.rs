//! The life of keys as the log knows it: declared before their first use, rotated, destroyed.

use chrono::Datelike;

use super::earlier_keys::EarlierKeys;
use super::error::LogError;
use super::fingerprint::Fingerprinter;
use super::keys::{self, Forgetting, KeyError};
use super::leaf::{Body, Fpkey, FpkeyDestroyed, Sigkey};
use super::writer::DestructionLog;
use crate::model::{Actor, Instant, SourceName};

impl DestructionLog {
    /// Names records of this source under this year's key, which is made, and committed to by a durable leaf, before
    /// its first use.
    ///
    /// # Errors
    /// [`LogError::KeyDestroyed`]; a key file that is lost, was exchanged, or has the wrong owner or mode.
    pub fn fingerprinter(&mut self, source: &SourceName, year: i32, now: Instant) -> Result<Fingerprinter, LogError> {
        let declared = self.standing.fpkeys.get(&(source.clone(), year)).copied();
        let found = keys::fingerprint_key(&self.keys, source, year)?;
        let path = || keys::fingerprint_path(&self.keys, source, year);
        let key = match (declared, found) {
            (Some(None), _) => return Err(LogError::KeyDestroyed { source_name: source.clone(), year }),
            (Some(Some(commitment)), Some(key)) if key.commitment() == commitment => key,
            (Some(Some(_)), Some(_)) => return Err(KeyError::Exchanged { path: path() }.into()),
            (Some(Some(_)), None) => return Err(KeyError::Missing { path: path() }.into()),
            (None, found) => {
                self.stamp(now)?;
                let key = match found {
                    Some(key) => key,
                    None => keys::new_fingerprint_key(&self.keys, source, year)?,
                };
                let leaf = Fpkey { source: source.clone(), year, commitment: key.commitment() };
                self.push(Body::Fpkey(leaf), now)?;
                key
            }
        };
        // Also where an earlier call declared it and did not come this far.
        self.sync()?;
        Ok(key.fingerprinter(source, year))
    }

    /// Destroys a fingerprint key for good: what it named can no longer be looked up. One that only the logs before
    /// this one declare, this one declares first.
    ///
    /// # Errors
    /// [`LogError::KeyNeeded`] for the current year's key, where an intent waits for its outcome, and where a hold in
    /// force names its record under it; [`LogError::KeyUnknown`] for one that never was, [`LogError::KeyUntold`] where
    /// that cannot be told.
    pub fn forget_key(&mut self, source: &SourceName, year: i32, actor: Actor, now: Instant) -> Result<(), LogError> {
        let needed = |why| Err(LogError::KeyNeeded { source_name: source.clone(), year, why });
        let earlier = EarlierKeys::of(self)?;
        match self.standing.fpkeys.get(&(source.clone(), year)) {
            Some(Some(_)) => (),
            Some(None) => return Err(LogError::KeyDestroyed { source_name: source.clone(), year }),
            None => earlier.check_place(&self.keys, source, year)?,
        }
        if year >= now.year() {
            return needed("records are still named under it this year");
        }
        if self.standing.needs_key(source, year) {
            return needed("an intent that names records under it waits for its outcome; run `retentiond apply` first");
        }
        if self.standing.holds_under(source, year) + earlier.holds_under(self, source, year)? > 0 {
            return needed(
                "a hold in force names its record under it; lift the hold first, or place it anew and lift the old one",
            );
        }
        self.stamp(now)?;
        Forgetting { source: source.clone(), year, actor }.note(&self.keys)?;
        self.finish_forgetting(now)
    }

    /// Carries out a decision to destroy a key, also one that was interrupted: the leaf comes after the deed, so that
    /// it never claims what did not happen.
    pub(super) fn finish_forgetting(&mut self, now: Instant) -> Result<(), LogError> {
        let Some(Forgetting { source, year, actor }) = Forgetting::load(&self.keys)? else { return Ok(()) };
        keys::destroy_fingerprint_key(&self.keys, &source, year)?;
        match self.tell_forgotten(source, year, actor, now) {
            // The leaf waits until the clock is right; the decision stays noted.
            Err(LogError::ClockBehind { .. }) => return Ok(()),
            told => told?,
        }
        self.sync()?;
        Ok(Forgetting::done(&self.keys)?)
    }

    /// Puts on record that a key is no more, which this log declares, or one before it: then this one says first which
    /// key that was.
    fn tell_forgotten(&mut self, source: SourceName, year: i32, actor: Actor, now: Instant) -> Result<(), LogError> {
        let key = (source.clone(), year);
        if !self.standing.fpkeys.contains_key(&key)
            && let Some(commitment) = EarlierKeys::of(self)?.commitment(&source, year)
        {
            self.push(Body::Fpkey(Fpkey { source: source.clone(), year, commitment }), now)?;
        }
        if let Some(Some(_)) = self.standing.fpkeys.get(&key) {
            self.push(Body::FpkeyDestroyed(FpkeyDestroyed { source, year, actor }), now)?;
        }
        Ok(())
    }

    /// Makes a new signing key; a `sigkey` leaf declares it, and it signs from the next checkpoint on.
    ///
    /// # Errors
    /// A key handed in as a credential is the service manager's to change: [`KeyError::Credential`].
    pub fn rotate_signing_key(&mut self, actor: Actor, now: Instant) -> Result<(), LogError> {
        self.stamp(now)?;
        let key = keys::next_signing_key(&self.keys, self.origin())?;
        let vkey = key.verifier().to_string();
        self.push(Body::Sigkey(Sigkey { vkey: vkey.clone(), actor }), now)?;
        self.sync()?;
        if let Some(key) = keys::finish_rotation(&self.keys, &vkey)? {
            self.signer = key;
        }
        self.write_vkey()?;
        self.publish()
    }
}
