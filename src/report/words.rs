//! Every word that a report prints, once per language: a word that lacks its French does not compile.
//!
//! Headings, verdicts and labels stand here in both languages. Sentences that other rooms write (findings, rails, errors)
//! are English for now.

/// Language of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    En,
    Fr,
}

impl Language {
    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::En => &EN,
            Self::Fr => &FR,
        }
    }
}

macro_rules! words {
    ($($name:ident: $en:literal, $fr:literal;)*) => {
        /// The words of one language.
        #[derive(Debug)]
        pub struct Words {
            /// Between thousands.
            pub thousands: char,
            $(pub $name: &'static str,)*
        }

        /// English.
        pub const EN: Words = Words { thousands: ',', $($name: $en,)* };

        /// French of Québec.
        pub const FR: Words = Words { thousands: '\u{a0}', $($name: $fr,)* };
    };
}

words! {
    rule: "rule", "règle";
    series: "series", "série";
    source: "source", "source";
    record: "record", "dossier ou fiche";
    plan: "plan", "liste";
    state: "state", "état";
    made: "made", "établie";
    action: "action", "sort";
    total: "total", "total";

    open: "open", "en cours";
    undated: "undated", "sans date valable";
    not_yet: "not yet", "non échu";
    held: "held", "suspendu";
    blocked: "blocked", "bloqué";
    due: "due", "échu";
    filtered: "filtered", "hors filtre";
    oldest_due: "oldest due", "échu depuis";

    planned: "planned", "prévus";
    destroyed: "destroyed", "détruits";
    anonymized: "anonymized", "anonymisés";
    drifted: "drifted", "modifiés depuis la liste";
    deferred: "deferred", "reportés";
    incomplete: "incomplete", "incomplets";
    failed: "failed", "en échec";
}
