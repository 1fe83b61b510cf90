//! The words of several pages, and the shape of every list of words: a word that lacks its French does not compile.
//!
//! Sentences that other rooms write (findings, rails, errors) are English for now.

use super::audit::AuditWords;
use super::explain::ExplainWords;
use super::planning::PlanningWords;
use crate::model::Language;

/// A list of words: a struct with one field a word, and its value in each language. In the braces stand the fields that
/// are no words.
macro_rules! words {
    (
        $(#[$doc:meta])*
        $list:ident { $($(#[$its_doc:meta])* $field:ident: $kind:ty = $in_en:expr, $in_fr:expr;)* }
        $($name:ident: $en:literal, $fr:literal;)*
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $list {
            $($(#[$its_doc])* pub $field: $kind,)*
            $(pub $name: &'static str,)*
        }

        impl $list {
            pub(super) const ENGLISH: Self = Self { $($field: $in_en,)* $($name: $en,)* };
            /// That of Québec.
            pub(super) const FRENCH: Self = Self { $($field: $in_fr,)* $($name: $fr,)* };

            /// Each word with its name, in both languages.
            #[cfg(test)]
            pub(super) const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $en, $fr)),*];
        }
    };
}
pub(super) use words;

/// English.
pub const EN: Words = Words::ENGLISH;

/// French of Québec.
pub const FR: Words = Words::FRENCH;

words! {
    /// The words of one language.
    Words {
        language: Language = Language::English, Language::French;
        /// Between thousands.
        thousands: char = ',', '\u{a0}';
        /// Before tenths.
        decimal: char = '.', ',';
        planning: PlanningWords = PlanningWords::ENGLISH, PlanningWords::FRENCH;
        audit: AuditWords = AuditWords::ENGLISH, AuditWords::FRENCH;
        explain: ExplainWords = ExplainWords::ENGLISH, ExplainWords::FRENCH;
    }

    // Headings and labels of several reports.
    rule: "rule", "règle";
    rules: "rules", "règles";
    series: "series", "série";
    table: "table", "table";
    parts: "parts", "composantes";
    records: "records", "enregistrements";
    plan: "plan", "liste";
    state: "state", "état";
    paused: "paused", "en pause";
    clock: "clock", "horloge";
    destruction_waits: "destruction waits", "destruction en attente";
    as_counted_at: "as counted at {}, less what was disposed of since", "selon le décompte du {}, moins ce qui est parti depuis";
    next_scan: "next scan", "prochain examen";
    last_scan: "last scan", "dernier examen";
    last_run: "last run", "dernière exécution";
    holds: "holds", "suspensions";
    files_left: "files left", "fichiers restés";
    files_left_of: "{} of plan {}, since {}: `apply` of that plan tries again and says why", "{} de la liste {}, depuis {}\u{a0}: `apply` de cette liste essaie de nouveau et dit pourquoi";
    to_review: "to review", "à réexaminer";
    log: "log", "registre";
    log_stands: "{} [entry|entries]", "{} [inscription|inscriptions]";
    anchored_to: "seen by a witness:", "vues par un cosignataire\u{a0}:";
    configuration: "configuration", "configuration";
    changed_on_disk: "(changed on disk, not in use yet)", "(modifiée sur disque, pas encore en vigueur)";
    oldest: "oldest", "depuis";
    alerts: "Alerts", "Alertes";
    made: "made", "établie";
    total: "total", "total";
    by: "by", "par";
    rails: "rails", "garde-fous";
    quoted: "\u{201c}{}\u{201d}", "«\u{a0}{}\u{a0}»";
    colon: ": ", "\u{a0}: ";

    // Verdicts.
    open: "open", "en cours";
    undated: "undated", "sans date valable";
    not_yet: "not yet", "non échu";
    held: "held", "suspendu";
    blocked: "blocked", "bloqué";
    due: "due", "échu";
    filtered: "filtered", "hors filtre";
    oldest_due: "oldest due", "échu depuis";

    // What became of planned records.
    planned: "planned", "prévus";
    destroyed: "destroyed", "détruits";
    anonymized: "anonymized", "anonymisés";
    drifted: "drifted", "modifiés depuis la liste";
    deferred: "deferred", "reportés";
    incomplete: "incomplete", "incomplets";
    failed: "failed", "en échec";

    // A run.
    run_finished: "Run {} of plan {}: finished", "Exécution {} de la liste {}\u{a0}: terminée";
    run_stopped: "Run {} of plan {}: stopped on the way", "Exécution {} de la liste {}\u{a0}: interrompue";
    outcome: "outcome", "sort";
    run_gone: "{} [row|rows] and {} [file|files] ({} [byte|bytes]), in {} s", "{} [ligne|lignes] et {} [fichier|fichiers] ({} [octet|octets]), en {} s";
    run_detached: "{} [row lives|rows live] on without the record, or with another one", "{} [ligne survit sans l'enregistrement, ou rattachée à un autre|lignes survivent sans l'enregistrement, ou rattachées à un autre]";
    run_missing: "{} [file that a row named was|files that rows named were] not there; the mapping lets them be gone", "{} [fichier nommé par une ligne n'était pas là|fichiers nommés par des lignes n'étaient pas là] ; la configuration admet qu'ils aient disparu";
    plan_left: "{} [file|files] of plan {} [waits|wait] to go, or may, since an earlier run left [it|them] or was interrupted: `{}` tries again and says why", "{} [fichier|fichiers] de la liste {} [attend|attendent] leur destruction, ou peut-être, depuis qu'un passage antérieur [l'a laissé|les a laissés] ou fut interrompu\u{a0}: `{}` essaie de nouveau et dit pourquoi";
    run_late: "{} [file that earlier runs had left is|files that earlier runs had left are] gone now", "{} [fichier resté de passages antérieurs a|fichiers restés de passages antérieurs ont] maintenant disparu";
    files_released: "{} [file|files] of plan {} [is|are] released: you answer for [it|them], by name, and no run tries [it|them] any more. [It was|They were] here:", "{} [fichier|fichiers] de la liste {} [est libéré|sont libérés]\u{a0}: vous en répondez nommément, et aucun passage n'essaiera plus de [le|les] détruire. [Il était|Ils étaient] ici\u{a0}:";
    run_left: "{} [file of earlier runs is|files of earlier runs are] left that should be gone: changed, moved or out of reach. Each run tries again", "{} [fichier de passages antérieurs reste|fichiers de passages antérieurs restent] à détruire\u{a0}: [modifié, déplacé|modifiés, déplacés] ou hors de portée. Chaque passage essaie de nouveau";
    run_triggered: "The application's triggers changed {} [row|rows] more", "Les déclencheurs de l'application ont modifié {} [ligne|lignes] de plus";
    run_no_level: "No level of sanitization is claimed: triggers of the application may have copied what went (see trigger-copies in `retentiond check`)", "Aucun niveau d'assainissement n'est affirmé\u{a0}: des déclencheurs de l'application ont pu copier ce qui a disparu (voir trigger-copies dans `retentiond check`)";
    run_level: "Verified by reading, level {}: {}", "Vérifié par lecture, niveau {}\u{a0}: {}";
    level_logical: "no query finds what was destroyed, or what a mask replaced; remnants in free space of the database file are not claimed to be gone", "aucune requête ne trouve plus ce qui a été détruit, ou ce qu'un masque a remplacé; rien n'est affirmé des restes dans l'espace libre du fichier";
    level_page_clean: "no remnant in the database's own pages", "aucun reste dans les pages de la base";
    level_log_clean: "no remnant in its write-ahead log, journal or temporary files either", "aucun reste dans son journal ni ses fichiers temporaires non plus";
    level_backup_expired: "backups that held them have expired too", "les sauvegardes qui les contenaient ont expiré aussi";
    run_interrupted_gone: "; {} [row|rows] and {} [file|files] ({} [byte|bytes]) went. Each record was looked for again after its transaction; no level is on record for them, because that is stated at the end of a run, which that one did not reach.", "; {} [ligne disparue|lignes disparues] et {} [fichier disparu|fichiers disparus] ({} [octet|octets]). Chaque enregistrement a été recherché de nouveau après sa transaction; aucun niveau n'est inscrit pour eux, car il est énoncé à la fin d'une exécution, que celle-là n'a pas atteinte.";
    run_interrupted: "An interrupted run before this one had settled {} more [record|records], which no statement told: {}", "Une exécution interrompue avant celle-ci avait réglé {} [autre enregistrement|autres enregistrements], dont aucun bilan n'a fait état\u{a0}: {}";
    run_again: "Something is left to do. To go on:\n  {}", "Il reste à faire. Pour continuer\u{a0}:\n  {}";
    run_next: "What failed stays due: once its cause is mended, the next plan lists it; `plan --csv FILE` writes which records these are, and why they stayed. Files that could not go are tried again by the next run.", "Ce qui a échoué reste échu\u{a0}: une fois la cause corrigée, la prochaine liste le reprend; `plan --csv FICHIER` écrit quels enregistrements ce sont, et pourquoi ils sont restés. Les fichiers qui n'ont pu disparaître sont repris par la prochaine exécution.";

    // Holds.
    hold: "hold", "suspension";
    scope: "scope", "portée";
    keeps: "keeps", "conserve";
    reason: "reason", "motif";
    review_by: "review by", "à revoir le";
    no_hold: "No hold is in force.", "Aucune suspension n'est en vigueur.";
    hold_placed: "Hold {} is in force: {} stays until it is lifted.", "La suspension {} est en vigueur\u{a0}: elle conserve {} jusqu'à sa levée.";
    hold_spares_others: "It keeps records of {} only, not what the same people have in {}; a person with all records is kept by `hold place --subject KEY`.", "Elle ne conserve que des enregistrements de {}, non ceux des mêmes personnes dans {}\u{a0}; `hold place --subject CLÉ` conserve une personne avec tous ses enregistrements.";
    hold_keeps_now: "It keeps now: {}.", "Elle conserve maintenant\u{a0}: {}.";
    hold_by_key: "Those that are cited so now ({}) stay even if they are cited otherwise later.", "Ceux qui portent cette cote maintenant ({}) restent, même s'ils en changent.";
    hold_while_cited: "It keeps whatever is cited so when its turn comes: one that is cited otherwise before then is not kept. Hold it by its key, too, where that may happen.", "Elle conserve ce qui porte cette cote le moment venu\u{a0}: un enregistrement qui en change auparavant n'est pas conservé. Suspendez-le aussi par sa clé, là où cela peut arriver.";
    keeps_while_cited: "while it is cited so", "tant que la cote est la même";
    keeps_now: "now {}", "maintenant {}";
    hold_on_gone: "It came too late: the record is gone. It holds one that comes back, or a new one under the same name.", "Elle vient trop tard\u{a0}: l'enregistrement a disparu. Elle vaut pour celui qui reviendrait, ou un nouveau du même nom.";
    hold_on_none: "It keeps nothing now: no such record is in the database. Check what you typed, or lift the hold if it was a slip; it holds whatever matches later.", "Elle ne conserve rien maintenant\u{a0}: la base ne contient rien de tel. Vérifiez la saisie, ou levez la suspension si c'est une erreur; elle vaut pour ce qui y répondrait plus tard.";
    hold_on_example: "It keeps nothing: this rule is an example, listed and never obeyed. To keep records, hold their series, or the rule that disposes of them.", "Elle ne conserve rien\u{a0}: cette règle est un exemple, affiché et jamais appliqué. Pour conserver des enregistrements, suspendez leur série, ou la règle qui en dispose.";
    hold_on_elsewhere: "It keeps nothing here: this rule is executed elsewhere (on paper, in a browser, by a host abroad), where this program destroys nothing and keeps nothing. Tell whoever executes it.", "Elle ne conserve rien ici\u{a0}: cette règle s'exécute ailleurs (sur papier, dans un navigateur, chez un hébergeur), où ce programme ne détruit rien et ne conserve rien. Avertissez qui l'exécute.";
    hold_review_past: "Its review date is over already: check it. The hold does not end by itself.", "Sa date de réexamen est déjà passée\u{a0}: vérifiez-la. La suspension ne prend pas fin d'elle-même.";
    hold_unrecorded: "It holds, but is not on record yet: {}. It is put on record as soon as the log can be written; do not place it again.", "Elle vaut, mais n'est pas encore inscrite au registre ({}). Elle y sera inscrite dès qu'il pourra être écrit; ne la placez pas de nouveau.";
    keeps_person: "{} and all of that person", "{} et tout ce qui concerne cette personne";
    keeps_series: "every {}", "toute la série {}";
    keeps_rule: "all under rule {}", "tout ce que régit la règle {}";
    keeps_where: "{} where {}", "{} où {}";
    hold_lifted: "Hold {} is lifted: {} follows its calendar again.", "La suspension {} est levée\u{a0}: le calendrier s'applique de nouveau à {}.";
    lost_holds: "The private state has lost what these holds keep; nothing is destroyed until each is placed again and lifted: {}", "L'état privé a perdu ce que ces suspensions conservent; rien n'est détruit avant que chacune soit replacée puis levée\u{a0}: {}";

    // `init`.
    init_written: "Written:", "Écrits\u{a0}:";
    init_undecided: "Left for you to decide:", "Il vous reste à décider\u{a0}:";
    init_next: "Then run `check`: it says what is still missing, line by line.", "Puis lancez `check`\u{a0}: il dit ce qui manque encore, ligne par ligne.";

    // `check`.
    severity_error: "error", "erreur";
    severity_warning: "warning", "avertissement";
    severity_note: "note", "note";
    check_ok: "In order. Errors: {}; warnings: {}.", "En ordre. Erreurs\u{a0}: {}; avertissements\u{a0}: {}.";
    check_guesses: "Without error, but {} [line is|lines are] still a guess that nobody has confirmed. Warnings: {}.", "Sans erreur, mais {} [ligne reste une supposition|lignes restent des suppositions] que personne n'a confirmée(s). Avertissements\u{a0}: {}.";
    check_failed: "Not in order. Errors: {}; warnings: {}. What the errors concern is not destroyed until they are mended.", "À corriger. Erreurs\u{a0}: {}; avertissements\u{a0}: {}. Ce que les erreurs visent n'est pas détruit avant leur correction.";
    calendar_in_force: "calendar {} version {}{}, in force since {}", "calendrier {} version {}{}, en vigueur depuis le {}";
    calendar_not_in_force: "calendar {} version {}{}, NOT in force: effective from {}", "calendrier {} version {}{}, PAS en vigueur\u{a0}: à compter du {}";
    calendar_until: ", until {}", ", jusqu'au {}";
    source_line: "source {}: {}", "source {}\u{a0}: {}";
    never_destroyed: "none: never destroyed", "aucune\u{a0}: jamais détruit";

    // Kinds of undated.
    kind_format: "the date cannot be read", "la date est illisible";
    kind_naive: "the date has no zone, or no time of day", "la date est sans fuseau, ou sans heure";
    kind_gap: "a local time that the clocks skipped", "une heure locale que les horloges ont sautée";
    kind_range: "a number that is no date", "un nombre qui n'est pas une date";
    kind_type: "a value of the wrong type", "une valeur du mauvais type";
    kind_expression: "an expression of the mapping fails on the record", "une expression de la configuration échoue sur l'enregistrement";
    kind_future: "the date is in the future", "la date est dans le futur";
    kind_too_old: "the date is too old to be true", "la date est trop ancienne pour être vraie";
    kind_overflow: "the term lies beyond all dates", "l'échéance dépasse toute date";

    // Stable names, said to people.
    of_year_end: " from the {} that follows", " à compter du {} suivant";
    or: " or ", " ou ";
    destroy: "destroy", "destruction";
    anonymize: "anonymize", "anonymisation";
    deidentify: "deidentify", "dépersonnalisation";
    transfer: "transfer", "versement";
    select: "select", "tri";
    permanent: "permanent", "conservation permanente";
    floor: "floor", "plancher";
    scope_record: "record", "enregistrement";
    scope_reference: "reference", "référence";
    scope_subject: "subject", "personne";
    scope_series: "series", "série";
    scope_rule: "rule", "règle";
    scope_where: "where", "expression";
    plan_simulation: "simulation", "simulation";
    plan_pending: "pending", "en attente";
    plan_empty: "nothing due", "rien d'échu";
    plan_expired: "expired", "périmée";
    plan_approved: "approved", "approuvée";
    plan_rejected: "rejected", "rejetée";
    plan_started: "started", "commencée";
    plan_executed: "executed", "exécutée";
    plan_altered: "altered", "altérée";
}
