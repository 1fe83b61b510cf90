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

        /// Each word in both languages.
        #[cfg(test)]
        const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $en, $fr)),*];

        /// French of Québec.
        pub const FR: Words = Words { thousands: '\u{a0}', $($name: $fr,)* };
    };
}

words! {
    rule: "rule", "règle";
    rules: "rules", "règles";
    series: "series", "série";
    table: "table", "table";
    parts: "parts", "composantes";
    records: "records", "unités";
    plan: "plan", "liste";
    state: "state", "état";
    made: "made", "établie";
    total: "total", "total";
    by: "by", "par";
    rails: "rails", "garde-fous";

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

    plan_title: "Plan {} for {}: {} records are due", "Liste de destruction {} au {} : {} unités échues";
    simulation_title: "Simulation {} for {}: {} records would be due", "Simulation {} au {} : {} unités seraient échues";
    under_calendar: "under calendar {} version {}, dates in {}", "selon le calendrier {} version {}, dates en {}";
    undated_title: "Undated records are kept until someone mends their dates:", "Les unités sans date valable sont conservées tant que la date n'est pas corrigée :";
    simulation_note: "A simulation shows what would be due; nobody can approve it.", "Une simulation montre ce qui serait échu; personne ne peut l'approuver.";
    nothing_due: "Nothing is due: there is nothing to approve.", "Rien n'est échu : il n'y a rien à approuver.";
    dry_run_note: "Nothing was touched. Nothing will be until a person approves this plan.", "Rien n'a été touché. Rien ne le sera avant qu'une personne approuve cette liste.";
    approve_hint: "No guard rail is tripped. To approve: {}", "Aucun garde-fou n'est atteint. Pour approuver : {}";
    rails_title: "Guard rails tripped: a person looks at each, and names it when approving.", "Garde-fous atteints : une personne examine chacun et le nomme en approuvant.";
    accept_hint: "To approve all of this: {}", "Pour approuver le tout : {}";

    run_finished: "Run {} of plan {}: finished", "Exécution {} de la liste {} : terminée";
    run_stopped: "Run {} of plan {}: stopped on the way", "Exécution {} de la liste {} : interrompue";
    run_gone: "{} rows, {} files ({} bytes)", "{} lignes, {} fichiers ({} octets)";
    run_level: "{}: verified by reading at level {}", "{} : vérifié par lecture au niveau {}";
    run_again: "Something is left to do. To go on: {}", "Il reste à faire. Pour continuer : {}";

    no_plan: "There is no plan yet: `plan` makes one.", "Il n'y a pas encore de liste : `plan` en établit une.";

    hold: "hold", "suspension";
    scope: "scope", "portée";
    keeps: "keeps", "conserve";
    reason: "reason", "motif";
    case: "case", "cause";
    review_by: "review by", "à revoir le";
    no_hold: "No hold is in force.", "Aucune suspension n'est en vigueur.";
    hold_placed: "Hold {} is in force: {} stays until it is lifted.", "La suspension {} est en vigueur : {} est conservé jusqu'à sa levée.";
    hold_lifted: "Hold {} is lifted: {} follows its calendar again.", "La suspension {} est levée : {} suit de nouveau son calendrier.";

    check_ok: "In order: {} errors, {} warnings.", "En ordre : {} erreurs, {} avertissements.";
    check_failed: "Not in order: {} errors, {} warnings. Nothing is planned or destroyed until the errors are mended.", "À corriger : {} erreurs, {} avertissements. Rien n'est prévu ni détruit avant correction des erreurs.";
    calendar_in_force: "calendar {} version {} ({}), in force since {}", "calendrier {} version {} ({}), en vigueur depuis le {}";
    calendar_not_in_force: "calendar {} version {} ({}), NOT in force: effective from {}", "calendrier {} version {} ({}), PAS en vigueur : à compter du {}";
    source_line: "source {}: {}", "source {} : {}";
    never_destroyed: "none: never destroyed", "aucune : jamais détruit";
}

/// A template with each `{}` replaced in turn.
pub fn fill(template: &str, values: &[&str]) -> String {
    let mut pieces = template.split("{}");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for (place, piece) in pieces.enumerate() {
        text += values.get(place).copied().unwrap_or_default();
        text += piece;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_something_and_have_the_same_places_to_fill() {
        for (name, en, fr) in ALL {
            assert!(!en.is_empty() && !fr.is_empty(), "{name}");
            assert_eq!(en.matches("{}").count(), fr.matches("{}").count(), "{name}");
        }
    }

    #[test]
    fn a_template_takes_its_values_in_turn() {
        assert_eq!(fill("{} of {}: done", &["3", "4"]), "3 of 4: done");
        assert_eq!(fill("as it is", &[]), "as it is");
        assert_eq!(fill("{}", &["a {} in a value stays"]), "a {} in a value stays");
    }
}
