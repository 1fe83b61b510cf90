//! What the flow needs of a configuration: the flow itself never sees one.

use crate::config::{Config, Guessed, Loaded};
use crate::disposition::Installation;
use crate::disposition::clock::BootId;
use crate::disposition::rails::Guesses;
use crate::model::Windows;
use crate::records::mapping::SeriesMapping;

/// The flow's view of a configuration, on this boot of the machine.
pub fn installation(loaded: &Loaded, boot: Option<BootId>) -> Installation {
    Installation {
        state: loaded.config.state.clone(),
        files: [&loaded.config.file].into_iter().chain(&loaded.config.calendars).cloned().collect(),
        calendars: loaded.calendars.clone(),
        sources: loaded.config.sources.clone(),
        series: loaded.config.series.clone(),
        guesses: guesses(&loaded.config),
        limits: loaded.config.limits,
        windows: loaded.config.schedule.as_ref().map_or(Windows::NONE, |schedule| schedule.windows.clone()),
        boot,
    }
}

/// Of each series, the lines that `init` guessed and nobody has confirmed.
fn guesses(config: &Config) -> Guesses {
    let words = |guess: &Guessed| format!("line {} ({})", guess.line, guess.question);
    let of =
        |mapping: &SeriesMapping| (mapping.series.clone(), config.guesses_of(&mapping.series).map(words).collect());
    config.series.iter().map(of).collect()
}
