//! Every word that a report prints, once per language: a word that lacks its French does not compile.
//!
//! Sentences that other rooms write (findings, rails, errors) are English for now.

use crate::model::Language;

macro_rules! words {
    ($($name:ident: $en:literal, $fr:literal;)*) => {
        /// The words of one language.
        #[derive(Debug)]
        pub struct Words {
            pub language: Language,
            /// Between thousands.
            pub thousands: char,
            /// Before tenths.
            pub decimal: char,
            $(pub $name: &'static str,)*
        }

        /// English.
        pub const EN: Words = Words { language: Language::English, thousands: ',', decimal: '.', $($name: $en,)* };

        /// Each word in both languages.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str, &str)] = &[$((stringify!($name), $en, $fr)),*];

        /// French of Québec.
        pub const FR: Words = Words { language: Language::French, thousands: '\u{a0}', decimal: ',', $($name: $fr,)* };
    };
}

words! {
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

    // A plan.
    plan_title: "Plan {} for {}: {} [record is|records are] due", "Liste de destruction {} au {}\u{a0}: {} [enregistrement échu|enregistrements échus]";
    simulation_title: "Simulation {} for {}: {} [record|records] would be due", "Simulation {} au {}\u{a0}: {} [enregistrement serait échu|enregistrements seraient échus]";
    under_calendar: "under calendar {} version {}, dates in {}", "selon le calendrier {} version {}, dates en {}";
    circles_title: "Some blocked records are kept by nothing but each other: they refer to one another in a circle, or wait for such records, so none of them can ever go first. `{} SERIES KEY` shows the circle of a record; clear one of its references in the application, or take a `blocked_by` out of the mapping:", "Certains enregistrements bloqués ne sont retenus que les uns par les autres\u{a0}: ils renvoient l'un à l'autre en cercle, ou attendent de tels enregistrements, si bien qu'aucun ne peut jamais partir le premier. `{} SÉRIE CLÉ` montre le cercle d'un enregistrement; effacez un de ses renvois dans l'application, ou retirez un `blocked_by` de la configuration\u{a0}:";
    undated_title: "Undated records are kept until someone mends their dates:", "Les enregistrements sans date valable sont conservés tant que la date n'est pas corrigée\u{a0}:";
    effects_title: "What each rule does to a record:", "Ce que chaque règle fait d'un enregistrement\u{a0}:";
    effect_destroy: "destroyed {}", "détruit {}";
    effect_anonymize: "anonymized {}", "anonymisé {}";
    effect_floor: "kept at least until {}, whatever other rules say", "conservé au moins jusqu'à {}, quoi que disent d'autres règles";
    effect_transfer: "kept until a person decides on its transfer, {}", "conservé jusqu'à ce qu'une personne décide de son versement, {}";
    effect_select: "kept until a person decides on its selection, {}", "conservé jusqu'à ce qu'une personne en fasse le tri, {}";
    effect_permanent: "kept permanently", "conservé en permanence";
    rests_on: "basis: {}", "fondement\u{a0}: {}";
    overruled: "never acts: rule {} wins over it for every record", "n'agit jamais\u{a0}: la règle {} l'emporte pour tout enregistrement";
    after: "{} after {}", "{} après {}";
    at_once: "at once upon {}", "dès {}";
    whichever_first: ", whichever comes first", ", selon ce qui arrive en premier";
    and: " and ", " et ";
    years: "{} [year|years]", "{} [an|ans]";
    months: "{} [month|months]", "{} mois";
    days: "{} [day|days]", "{} [jour|jours]";
    hours: "{} [hour|hours]", "{} [heure|heures]";
    minutes: "{} [minute|minutes]", "{} [minute|minutes]";
    seconds: "{} [second|seconds]", "{} [seconde|secondes]";
    parts_destroyed: "with it: {}", "avec\u{a0}: {}";
    parts_destroyed_with_last: "with the last record that refers to it: {}", "avec le dernier enregistrement qui y renvoie\u{a0}: {}";
    parts_detached: "lives on without it: {}", "survit sans lui\u{a0}: {}";
    parts_untouched: "stays as it is: {}", "reste tel quel\u{a0}: {}";
    no_parts: "nothing else goes with it", "rien d'autre ne part avec lui";
    and_its_files: "{} and its files", "{} et ses fichiers";
    masks_are: "masked: {}; its other columns stay", "masqué\u{a0}: {}; ses autres colonnes restent";
    rows: "{} [row|rows]", "{} [ligne|lignes]";
    rows_and_files: "{} [row|rows], {} naming a file", "{} [ligne|lignes], dont {} [nomme|nomment] un fichier";
    rows_at_most: "at most {} [row|rows]", "au plus {} [ligne|lignes]";
    rows_and_files_at_most: "at most {} [row|rows], at most {} naming a file", "au plus {} [ligne|lignes], dont au plus {} [nomme|nomment] un fichier";
    along: "Along with them go {} [row|rows] of other tables.", "Avec eux partent {} [ligne|lignes] d'autres tables.";
    along_files: "Along with them go {} [row|rows] of other tables, and the files that {} of these [names|name].", "Avec eux partent {} [ligne|lignes] d'autres tables, et les fichiers que {} d'entre elles [nomme|nomment].";
    along_at_most: "Along with them go at most {} [row|rows] of other tables.", "Avec eux partent au plus {} [ligne|lignes] d'autres tables.";
    along_files_at_most: "Along with them go at most {} [row|rows] of other tables, and the files that at most {} of these [names|name].", "Avec eux partent au plus {} [ligne|lignes] d'autres tables, et les fichiers qu'au plus {} d'entre elles [nomme|nomment].";
    along_failing: "Not counted: the rows of {} [record|records] on which an expression of the mapping fails.", "Non comptées\u{a0}: les lignes de {} [enregistrement|enregistrements] où échoue une expression de la configuration.";
    along_shared: "What other records share stays until the last of them goes.", "Ce que d'autres enregistrements partagent reste jusqu'au départ du dernier.";
    along_uncounted: "How many rows go along was not counted, because that takes long here. To have it counted: {}", "Le nombre de lignes qui partent avec eux n'a pas été compté, car cela prend du temps ici. Pour le faire compter\u{a0}: {}";
    held_by_title: "Records past their term that a hold keeps; `hold list` says what it is:", "Enregistrements échus qu'une suspension conserve; `hold list` dit laquelle\u{a0}:";
    mask_null: "nothing (NULL)", "rien (NULL)";
    mask_truncate_ip: "network of the address", "réseau de l'adresse";
    mask_date_to_year: "year alone", "année seule";
    meaning_title: "What starts a clock, and what is a record, in the databases:", "Ce qui fait courir un délai, et ce qui est un enregistrement, dans les bases\u{a0}:";
    date_goes_first: "Warning: {} {} is read from rows of {}, which go by rules of their own. Once they are gone, the record has no such date and is open for ever. Keep the date in a column of its own, or take these rows as a part of the record.", "Avertissement\u{a0}: {} {} est lu dans les lignes de {}, qui suivent leurs propres règles. Une fois celles-ci détruites, l'enregistrement n'a plus cette date et reste en cours pour toujours. Conservez la date dans une colonne à part, ou faites de ces lignes une composante de l'enregistrement.";
    filter_of_series: "(records)", "(enregistrements)";
    simulation_note: "A simulation shows what would be due; nobody can approve it.", "Une simulation montre ce qui serait échu; personne ne peut l'approuver.";
    plan_lacks: "NOT COMPLETE: source {} could not be read, so nothing is said here of {}. The reason: {}", "INCOMPLÈTE\u{a0}: la source {} n'a pu être lue; rien n'est dit ici de {}. La raison\u{a0}: {}";
    plan_lacks_in_short: "It lacks what is due in {}: make a new plan once that can be read.", "Il y manque ce qui est échu dans {}\u{a0}: refaites une liste dès que cela peut être lu.";
    plan_lists_only: "lists only what is due under {}, and nothing that is due under other rules", "ne comprend que ce qui est échu selon {}, et rien de ce qui est échu selon d'autres règles";
    plan_lists_only_title: "It lists only what is due under {}: what the table counts as due under other rules stays.", "Elle ne comprend que ce qui est échu selon {}\u{a0}: ce que le tableau compte d'échu selon d'autres règles reste.";
    plan_without: "without {}, which could not be read", "sans {}, qui n'a pu être lu";
    nothing_due_in_what_was_read: "Nothing is due in what could be read: there is nothing to approve.", "Rien n'est échu dans ce qui a pu être lu\u{a0}: il n'y a rien à approuver.";
    nothing_due: "Nothing is due: there is nothing to approve.", "Rien n'est échu\u{a0}: il n'y a rien à approuver.";
    dry_run_note: "Nothing was touched. Nothing will be until a person approves this plan.", "Rien n'a été touché. Rien ne le sera avant qu'une personne approuve cette liste.";
    approve_hint: "No guard rail is tripped. To approve:\n  {}", "Aucun garde-fou n'est atteint. Pour approuver\u{a0}:\n  {}";
    rails_title: "Guard rails tripped: a person looks at each, and names it when approving.", "Garde-fous atteints\u{a0}: une personne examine chacun et le nomme en approuvant.";
    rail_share: "{} of {} [record|records] of {} would go, {} %; `max_share` is {} %", "{} sur {} [enregistrement|enregistrements] de {} à faire partir, soit {}\u{a0}%; `max_share` est de {}\u{a0}%";
    rail_count: "{} [record|records] of {} would go; `max_count` is {}", "{} [enregistrement|enregistrements] de {} à faire partir; `max_count` est de {}";
    rail_median: "{} [record|records] would go under rule {}; its recent runs had {} in the middle", "{} [enregistrement partirait|enregistrements partiraient] selon la règle {}; la médiane de ses exécutions récentes est de {}";
    rail_empty: "no record of {} would be left; a series where that is normal says `empty = \"expected\"`", "il ne resterait aucun enregistrement de {}; une série où c'est normal dit `empty = \"expected\"`";
    rail_new_rules: "no plan of {} was ever approved: its rules are new", "aucune liste de {} n'a encore été approuvée\u{a0}: ses règles sont nouvelles";
    rail_taken_back: "the last plan of {} that was approved was rejected afterwards", "la dernière liste de {} qui avait été approuvée a été rejetée ensuite";
    rail_other_rules: "the rules that govern {} are not those of its last approval", "les règles qui régissent {} ne sont plus celles de sa dernière approbation";
    rail_mapping: "the mapping of {} is not that of its last approval", "la correspondance de {} n'est plus celle de sa dernière approbation";
    rail_guesses: "the mapping of {} rests on what `init` guessed and nobody confirmed, {}: look at the data, correct what is wrong, then remove the `?`", "la correspondance de {} repose sur ce que `init` a supposé et que personne n'a confirmé, {}\u{a0}: examinez les données, corrigez au besoin, puis retirez le `?`";
    rail_backlog: "{} [record was past its term|records were past their term] before the calendar's approval, under rule {}", "{} [enregistrement avait dépassé son terme|enregistrements avaient dépassé leur terme] avant l'approbation du calendrier, selon la règle {}";
    rail_restored: "the database of {}, or rows of it, were restored: records that the log says are gone may be back on purpose", "la base de {}, ou de ses lignes, ont été restaurées\u{a0}: des enregistrements que le registre dit disparus sont peut-être revenus à dessein";
    rail_untold: "it cannot be told whether records of {} that would go were destroyed before, and were taken from a copy: entries of a log before this one, or a fingerprint key, are damaged or not here", "on ne peut dire si des enregistrements de {} à faire partir ont déjà été détruits, puis repris d'une copie\u{a0}: des inscriptions d'un registre antérieur, ou une clé d'empreinte, sont endommagées ou absentes";
    rail_back: "{} [record|records] of {} that would go [was|were] destroyed or anonymized before, as the log says: rows were taken from a copy, perhaps on purpose", "{} [enregistrement|enregistrements] de {} à faire partir [a déjà été détruit ou anonymisé|ont déjà été détruits ou anonymisés], d'après le registre\u{a0}: des lignes ont été reprises d'une copie, peut-être à dessein";
    accept_hint: "To approve all of this:\n  {}", "Pour approuver le tout\u{a0}:\n  {}";

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

    // The review.
    approved: "Plan {} is approved by {} on {}.", "La liste {} est approuvée par {} le {}.";
    approved_rails: "Guard rails accepted: {}.", "Garde-fous acceptés\u{a0}: {}.";
    approved_only: "Only these rules: {}.", "Ces règles seulement\u{a0}: {}.";
    part_goes_along: "Rows that are records of {}, too, go along as parts of the {} approved here, although {} was left out: a record takes its parts along. To keep some, leave their {} out by name (--except), or place a hold.", "Des lignes qui sont aussi des enregistrements de {} suivent, comme composantes, ceux de {} approuvés ici, bien que {} ait été laissée de côté\u{a0}: un enregistrement emporte ses composantes. Pour en conserver, excluez nommément ceux de {} (--except), ou placez une suspension.";
    approved_except: "{} [record is|records are] left out of this plan. Later plans list [it|them] again; a hold keeps a record from all.", "{} [enregistrement est exclu|enregistrements sont exclus] de cette liste. Les suivantes [le|les] reprendront; une suspension protège un enregistrement de toutes.";
    daemon_hint: "The daemon executes it within a minute. To stop that:\n  {}\nor for all plans:\n  {}",
        "Le service l'exécute dans la minute. Pour l'en empêcher\u{a0}:\n  {}\nou pour toutes les listes\u{a0}:\n  {}";
    daemon_waits_hint: "The daemon executes it as soon as nothing stands in the way.\nDestruction waits now: {}.\nTo stop that:\n  {}\nor for all plans:\n  {}",
        "Le service l'exécute dès que rien ne s'y oppose.\nDestruction en attente\u{a0}: {}.\nPour l'en empêcher\u{a0}:\n  {}\nou pour toutes les listes\u{a0}:\n  {}";
    apply_hint: "Nothing was destroyed yet. To execute it:\n  {}", "Rien n'est encore détruit. Pour exécuter\u{a0}:\n  {}";
    rejected: "Plan {} is rejected. It can no longer be approved; its list of records is erased.", "La liste {} est rejetée. Elle ne peut plus être approuvée; sa liste d'enregistrements est effacée.";
    part_of: "{} of {}", "{} sur {}";
    plan_excepted: "{} [record|records] left out; later plans list [it|them] again.", "{} [enregistrement exclu|enregistrements exclus]; les listes suivantes [le|les] reprendront.";
    no_plan: "There is no plan yet: `plan` makes one.", "Il n'y a pas encore de liste\u{a0}: `plan` en établit une.";

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

    // The forecast.
    month: "month", "mois";
    due_now: "due now", "échu";
    later: "later", "plus tard";
    no_forecast: "No rule disposes of a mapped series: nothing will fall due.", "Aucune règle ne dispose d'une série configurée\u{a0}: rien n'échoira.";
    forecast_note: "As the records stand now; a use, a reopening or a hold changes it.", "Selon l'état actuel; un usage, une réouverture ou une suspension le change.";
    forecast_counts: "Records that a hold or another record keeps are counted too; `plan` tells them apart.", "Les enregistrements qu'une suspension ou un autre enregistrement conserve sont comptés aussi; `plan` les distingue.";

    // Verification of the log.
    verdict_fail: "The log does not verify. What is wrong:", "Le registre ne se vérifie pas. Ce qui cloche\u{a0}:";
    verdict_unanchored: "Sound in itself. Whoever holds its signing key could have written all of it anew: verify with --checkpoint, against one kept elsewhere.", "Cohérent en lui-même. Qui détient sa clé de signature aurait pu tout récrire\u{a0}: vérifier avec --checkpoint, contre un point de contrôle gardé ailleurs.";
    verdict_seen: "Sound, and its first {} [entry is one|entries are those] that somebody else saw.", "Cohérent, et ses {} [première inscription est celle|premières inscriptions sont celles] qu'un tiers a vues.";
    more_findings: "and {} more", "et {} [autre|autres]";
    log_line: "log {}: {} [entry|entries] signed", "registre {}\u{a0}: {} [inscription signée|inscriptions signées]";
    log_dates: "from {} to {}, by the operator's clock", "du {} au {}, à l'horloge de l'exploitant";
    log_unsigned: "{} more [entry is|entries are] not signed yet; [it was|they were] read too", "{} [autre inscription n'est pas encore signée; elle a été lue|autres inscriptions ne sont pas encore signées; elles ont été lues] aussi";
    key_given: "signed by the key you gave:", "signé par la clé que vous avez donnée\u{a0}:";
    key_not_given: "signed by the key that the log itself names; give the one you were handed with --vkey:", "signé par la clé que le registre lui-même nomme; donnez celle qu'on vous a remise avec --vkey\u{a0}:";
    anchor_witness: "{} [entry|entries] seen by {} at {}", "{} [inscription vue|inscriptions vues] par {} le {}";
    anchor_kept: "{} [entry is that|entries are those] of a checkpoint you kept", "{} [inscription est celle|inscriptions sont celles] d'un point de contrôle que vous avez gardé";
    other_outcomes: "other outcomes", "autres sorts";
    other_outcomes_note: "{} [record was|records were] announced and not destroyed: kept after all, put off, not there any more, failed, or with files left. `audit show --kind outcome` tells which.", "{} [enregistrement annoncé n'a pas été détruit|enregistrements annoncés n'ont pas été détruits]\u{a0}: conservé après tout, reporté, absent quand son tour est venu, en échec, ou des fichiers sont restés. `audit show --kind outcome` le précise.";
    back_since: "back since", "revenus depuis";
    back_unplaced: "{} [record is|records are] back since, as the log says, without saying of which batch: the table counts [it|them] as gone.", "{} [enregistrement est revenu|enregistrements sont revenus] depuis, selon le registre, qui ne dit pas de quel lot\u{a0}: le tableau [le compte comme détruit|les compte comme détruits].";
    excused: "{} [record was|records were] disposed of again after the log said that the database had been put back, or that somebody let it go on. That entry excuses it; whether it was so, no log can tell.", "{} [enregistrement a été éliminé|enregistrements ont été éliminés] de nouveau après que le registre a dit que la base avait été remise à un état antérieur, ou que quelqu'un laissait continuer. Cette inscription l'excuse; aucun registre ne peut dire si c'était vrai.";
    untold_holds: "{} [hold|holds] by reference, by person or by expression stood while records were announced that [it|they] may keep. The log does not say which records those are, so [it was|they were] not compared.", "{} [suspension|suspensions] par référence, par personne ou par expression [était en vigueur|étaient en vigueur] quand ont été annoncés des enregistrements qu'[elle a pu retenir|elles ont pu retenir]. Le registre ne dit pas lesquels\u{a0}: la comparaison n'a pas été faite.";
    told_unsigned: "{} of these [records is|records are] told by entries that are not signed yet.", "{} de ces [enregistrements ne figure|enregistrements ne figurent] que dans des inscriptions pas encore signées.";
    pending: "{} [record waits|records wait] for an outcome: a run was interrupted, and the next `apply` settles it.", "{} [enregistrement attend son|enregistrements attendent leur] résultat\u{a0}: une exécution a été interrompue, le prochain `apply` la règle.";
    unclosed: "{} [run has|runs have] no statement at its end: interrupted, or still under way. A log that was cut looks the same; an older checkpoint tells.", "{} [exécution n'a|exécutions n'ont] pas de bilan à la fin\u{a0}: interruption, ou exécution en cours. Un registre tronqué a la même apparence; un point de contrôle antérieur les distingue.";
    destroyed_again: "{} [record was|records were] destroyed under a key that an earlier run had destroyed: the database gave it to a new record, or one destruction is told twice.", "{} [enregistrement a été détruit|enregistrements ont été détruits] sous une clé déjà détruite par une exécution antérieure\u{a0}: la base l'a redonnée à un nouvel enregistrement, ou une destruction est inscrite deux fois.";
    uncompared_holds: "{} [hold names its record|holds name their records] under the key of another year than a destruction in the same series: whether what it keeps was among the records destroyed cannot be seen; ask the operator to place it anew each year.", "{} [suspension nomme son enregistrement|suspensions nomment leur enregistrement] sous la clé d'une autre année qu'une destruction de la même série\u{a0}: on ne peut voir si ce qu'elle retient se trouvait parmi les enregistrements détruits; demandez qu'on la pose de nouveau chaque année.";
    uncompared: "Repeated destructions were not looked for among {} [record|records]: the log has more than are remembered. Nor can they be found across years, whose fingerprints differ.", "Les destructions répétées n'ont pas été cherchées parmi {} [enregistrement|enregistrements]\u{a0}: le registre en a plus que la vérification n'en retient. Elles ne peuvent l'être non plus d'une année à l'autre, les empreintes différant.";
    dated_ahead: "{} [entry is dated after now, and a person answered for a clock that lies behind it: that date is|entries are dated after now, and a person answered for a clock that lies behind them: these dates are] not to be believed, so whether what they tell of was due cannot be seen from them; the `clock` corrections name the person.", "{} [inscription porte une date à venir, et une personne a répondu d'une horloge en retard sur elle\u{a0}: cette date n'est pas fiable|inscriptions portent une date à venir, et une personne a répondu d'une horloge en retard sur elles\u{a0}: ces dates ne sont pas fiables], et on ne peut y voir si ce dont il s'agit était échu\u{a0}; les corrections `clock` nomment la personne.";

    // Logs before a log.
    earlier_whole: "It continues log {} after {} [entry|entries], which [stands|stand] unchanged in {}. `audit verify` on that directory judges what they say.", "Il continue le registre {} après {} [inscription, qui se trouve, inchangée,|inscriptions, qui se trouvent, inchangées,] dans {}. `audit verify` sur ce répertoire juge ce qu'elles disent.";
    earlier_partial: "That log had more entries; they could no longer be read, or were not those that had been signed, when it was succeeded.", "Ce registre avait d'autres inscriptions, qui ne se lisaient plus, ou n'étaient pas celles qui avaient été signées, quand on lui a donné une suite.";
    earlier_missing: "It continues log {} after {} [entry, which was|entries, which were] not looked at: that directory is not here.", "Il continue le registre {} après {} [inscription, qui n'a pas été examinée|inscriptions, qui n'ont pas été examinées]\u{a0}: ce répertoire n'est pas ici.";
    earlier_other: "It continues log {} after {} [entry, which does|entries, which do] not stand in {}: that is another log, or was changed since.", "Il continue le registre {} après {} [inscription, qui ne se trouve|inscriptions, qui ne se trouvent] pas dans {}\u{a0}: c'est un autre registre, ou on l'a changé depuis.";
    witness_first_unknown: "Whether other logs stand before {} cannot be told from what is here, and none was looked at.", "On ne peut dire, d'après ce qui est ici, si d'autres registres précèdent {}, et aucun n'a été examiné.";
    witness_others: "CAUTION: this witness co-signed other logs, and any of them may be one of those: {}. Where one is of this operator, ask for it, and for all between, beside the others (`DIR.1`), and witness again before this line is relied on.", "ATTENTION\u{a0}: ce cosignataire a cosigné d'autres registres, et chacun peut être l'un de ceux-là\u{a0}: {}. Si l'un d'eux est de cet exploitant, demandez-le, avec tous ceux entre les deux, à côté des autres (`DIR.1`), et faites cosigner de nouveau avant de vous fier à cette ligne.";
    earlier_unread: "It continues log {}, of which no entry could be relied on when it began.", "Il continue le registre {}, dont aucune inscription n'était sûre quand il a commencé.";
    log_missing: "The log continues {} after {} [entry|entries], and [it is|they are] not here. Put that directory back beside it, then ask again.", "Le registre continue {} après {} [inscription, qui n'est pas ici|inscriptions, qui ne sont pas ici]. Remettez ce répertoire à côté, puis redemandez.";
    log_other: "The log continues {} after {} [entry|entries], and what stands in {} does not hold [it|them]: it is another log, or was changed since. Put the true directory back, then ask again.", "Le registre continue {} après {} [inscription, que|inscriptions, que] {} ne contient pas\u{a0}: c'est un autre registre, ou on l'a changé depuis. Remettez le vrai répertoire, puis redemandez.";
    log_partial: "Of the earlier log {}, {} [entry|entries] can be relied on; others could no longer be read, or were not those that had been signed, when it was succeeded.", "De l'ancien registre {}, {} [inscription est sûre|inscriptions sont sûres]; d'autres ne se lisaient plus, ou n'étaient pas celles qui avaient été signées, quand on lui a donné une suite.";
    log_unread: "The log continues {}, of which no entry could be relied on when it began.", "Le registre continue {}, dont aucune inscription n'était sûre quand il a commencé.";
    log_behind: "The database remembers {} [batch|batches] of this log, {}, that it does not know: entries were lost, as where an older copy of the state was put back. Put the newer one back, then ask again.", "La base se souvient de {} [lot|lots] de ce registre, {}, qu'il ne connaît pas\u{a0}: des inscriptions sont perdues, comme lorsqu'une copie plus ancienne de l'état a été remise. Remettez la plus récente, puis redemandez.";
    names_uncited: "Of {} [record|records] of the series the log has the [key|keys] alone: the mapping named no reference then. Ask by the key.", "De {} [enregistrement|enregistrements] de la série, le registre n'a que [la clé|les clés]\u{a0}: la correspondance ne nommait alors aucune référence. Demandez par la clé.";
    names_otherwise: "The log names {} [record|records] of the series by other columns than the configuration does ({}). Ask with a configuration that names them so.", "Le registre nomme {} [enregistrement|enregistrements] de la série par d'autres colonnes que la configuration ({}). Demandez avec une configuration qui les nomme ainsi.";
    told_as_other: "As a record of {}, another series of the same table: {}", "Comme enregistrement de {}, une autre série de la même table\u{a0}: {}";
    names_unmapped: "The log also tells of records of a source and series that the configuration does not have: {}. Where it is this one under its older name, ask with a configuration that has that name.", "Le registre parle aussi d'enregistrements d'une source et d'une série que la configuration n'a pas\u{a0}: {}. S'il s'agit de celle-ci sous son ancien nom, demandez avec une configuration qui a ce nom.";
    log_elsewhere: "The database remembers {} [batch|batches] of the log {} of which neither this log nor one before it tells: what they destroyed, that log's own entries say. Ask where they were kept.", "La base se souvient de {} [lot|lots] du registre {} dont ni ce registre ni l'un de ceux d'avant ne parle\u{a0}: ce qu'ils ont détruit, les inscriptions de ce registre-là le disent. Demandez là où elles ont été gardées.";

    // Proofs, keys and copies of the log.
    proof_uncompared: "{} kept [checkpoint|checkpoints] could not be compared: only one of as many entries tells whether it is the tree that you were shown before. `audit verify` on the whole log compares all of them.", "{} [point de contrôle gardé n'a pu être comparé|points de contrôle gardés n'ont pu être comparés]\u{a0}: seul celui du même nombre d'inscriptions dit s'il s'agit de l'arbre déjà montré. `audit verify`, sur le registre entier, les compare tous.";
    proven: "Entry {} is in log {} of {} [entry|entries].", "L'inscription {} est au registre {} de {} [inscription|inscriptions].";
    proof_written: "The proof of entry {} is in {}.", "La preuve de l'inscription {} est dans {}.";
    witness_saw: "Stored: a witness saw the first {} [entry|entries].", "Conservé\u{a0}: un cosignataire en a vu {} [inscription|inscriptions].";
    witness_stands: "Nothing was stored: a line of this witness on the first {} [entry|entries] stands already, and this one, on the first {}, adds nothing to it.", "Rien n'a été conservé\u{a0}: une ligne de ce cosignataire sur {} [inscription|inscriptions] y est déjà, et celle-ci, sur {}, n'y ajoute rien.";
    key_forgotten: "The fingerprint key of {} for {} is destroyed: the records it names can no longer be looked up.", "La clé d'empreinte de {} pour {} est détruite\u{a0}: les enregistrements qu'elle nomme ne peuvent plus être retrouvés.";
    key_rotated: "Log {} is signed by a new key from its first {} [entry|entries] on.", "Le registre {} est signé par une nouvelle clé dès {} [inscription|inscriptions].";
    key_new: "new verifier key", "nouvelle clé de vérification";
    key_old: "old verifier key", "ancienne clé de vérification";
    key_hand_out: "Hand the new key to your auditors by another way than the log. Checkpoints that they kept stay good: they are checked with the key of their time.", "Remettez la nouvelle clé à vos auditeurs par une autre voie que le registre. Les points de contrôle qu'ils ont gardés restent bons\u{a0}: ils se vérifient avec la clé de leur époque.";
    new_digest_key: "The key of keyed digests (private/keys/digest.key) was lost, and a new one was made: reasons and mappings recorded before can no longer be shown to be the ones recorded. If you have a copy of the old key, keep it for the auditor.", "La clé des condensés (private/keys/digest.key) était perdue, et une nouvelle a été faite\u{a0}: on ne peut plus montrer que les motifs et les correspondances inscrits auparavant sont bien ceux-là. Si vous avez une copie de l'ancienne clé, gardez-la pour l'auditeur.";
    exported: "{} [entry is|entries are] in {}.", "{} [inscription est|inscriptions sont] dans {}.";
    adopted: "Log {} begins, as the successor of {}.", "Le registre {} commence, à la suite de {}.";
    predecessor_lies: "The old one lies in {}, untouched; {} of its entries can be relied on. Keep it for the auditor.", "L'ancien est dans {}, intact; {} de ses inscriptions sont sûres. Gardez-le pour l'auditeur.";
    predecessor_partial: "CAUTION: it had more entries than the {} that the new log names. The others cannot be read, or are not those that were signed: somebody or something changed them. Nothing is answered from them: `audit lookup` says CANNOT-TELL where they matter. Look for an unharmed copy of the old one.", "ATTENTION\u{a0}: il avait plus d'inscriptions que les {} que nomme le nouveau. Les autres ne se lisent plus, ou ne sont pas celles qui ont été signées\u{a0}: quelqu'un ou quelque chose les a changées. Rien n'est répondu d'après elles\u{a0}: `audit lookup` dit CANNOT-TELL là où elles comptent. Cherchez une copie intacte de l'ancien.";
    predecessor_unopened: "The old one could not be opened, so whether batches of it wait for their outcome nobody could see: what they did, the databases say when the new log first meets them. Why: {}.", "L'ancien n'a pas pu être ouvert, et personne n'a donc pu voir si des lots y attendent leur issue\u{a0}: ce qu'ils ont fait, les bases le diront quand le nouveau registre les rencontrera. Pourquoi\u{a0}: {}.";
    adopted_next: "Approvals ended with the old log: approve plans anew. Hand out the new verifier key.", "Les approbations ont pris fin avec l'ancien registre\u{a0}: approuvez de nouveau. Remettez la nouvelle clé de vérification.";
    keys_destroyed: "Fingerprint keys destroyed: {}. What was recorded under them cannot be found.", "Clés d'empreinte détruites\u{a0}: {}. Ce qui a été inscrit sous elles ne peut être retrouvé.";

    keys_missing: "Fingerprint keys that are not in `private/keys`, though the log does not say that they were destroyed: {}. Put them back from your copy of `private/keys`, then ask again; without a copy, what they named can be found by nobody.", "Clés d'empreinte absentes de `private/keys`, sans que le registre dise qu'elles ont été détruites\u{a0}: {}. Remettez-les depuis votre copie de `private/keys`, puis redemandez; sans copie, personne ne peut retrouver ce qu'elles nommaient.";
    keys_replaced: "Fingerprint keys of an earlier log that were lost, and in whose place in `private/keys` lie those of its successor, which must stay there: {}. Where you have a copy of the lost ones, put them in the place of the others in a copy of the state directory, and ask there; without a copy, what they named can be found by nobody.", "Clés d'empreinte d'un registre antérieur qui ont été perdues, et à la place desquelles, dans `private/keys`, se trouvent celles de sa suite, qui doivent y rester\u{a0}: {}. Si vous avez une copie des clés perdues, mettez-les à la place des autres dans une copie du répertoire d'état, et demandez là; sans copie, personne ne peut retrouver ce qu'elles nommaient.";

    // What the log says of one record.
    mention_settled: "{} at {} under rule {} of calendar {} version {}: entries {} and {}", "{} le {} selon la règle {} du calendrier {} version {}\u{a0}: inscriptions {} et {}";
    mention_open: "announced at {} under rule {} of calendar {} version {}: entry {}; no outcome yet", "annoncé le {} selon la règle {} du calendrier {} version {}\u{a0}: inscription {}; pas encore de résultat";
    mention_corrected: "entry {}: {} [record|records] of its batch stood in the table again", "inscription {}\u{a0}: {} [enregistrement de son lot se trouvait|enregistrements de son lot se trouvaient] de nouveau dans la table";
    mention_retyped: "named by a key of another type than its columns have now: an integer where they hold texts, or a text where they hold integers", "nommé par une clé d'un autre type que ses colonnes d'aujourd'hui\u{a0}: un entier là où elles contiennent des textes, ou un texte là où elles contiennent des entiers";
    mention_completed: "entry {}: the files that were left are gone since", "inscription {}\u{a0}: les fichiers restés en place ont disparu depuis";
    mention_still_gone: "entry {}: its database was put back, or our table in it changed; this record was looked for then and was not there", "inscription {}\u{a0}: sa base a été remise à un état antérieur, ou notre table y a été changée; cet enregistrement y a été cherché et ne s'y trouvait pas";
    mention_restored: "entry {}: its database, or rows that had gone from it, were put back since; whether this record was the log does not say", "inscription {}\u{a0}: sa base, ou des lignes qui en avaient disparu, ont été remises depuis; le registre ne dit pas si cet enregistrement en est";
    answer_destroyed: "It was destroyed; its absence was read back then, at {}.", "Il a été détruit; son absence a été relue alors, le {}.";
    mention_released: "entry {}: a person answered for the files that were left", "inscription {}\u{a0}: une personne a répondu des fichiers restés en place";
    answer_incomplete: "Its rows were destroyed, at {}. Files of it could not be, and a person answered for them.", "Ses lignes ont été détruites, le {}. Des fichiers n'ont pu l'être, et une personne en a répondu.";
    answer_left: "Its rows were destroyed, at {}. Files of it are left: each run tries again.", "Ses lignes ont été détruites, le {}. Des fichiers restent en place\u{a0}: chaque passage essaie de nouveau.";
    answer_destroyed_completed: "It was destroyed, at {}; files of it that were left then are gone since.", "Il a été détruit, le {}; des fichiers restés en place alors ont disparu depuis.";
    answer_unsigned: "No signed checkpoint covers all of this yet: the entries from {} on stand in the log's journal alone.", "Aucun point de contrôle signé ne couvre encore tout cela\u{a0}: à partir de l'inscription {}, le registre ne l'a que dans son journal.";
    answer_anonymized: "It was anonymized.", "Il a été anonymisé.";
    answer_destroyed_still: "It was destroyed; its database was changed from outside since, and it was looked for then and was not back.", "Il a été détruit; sa base a été changée de l'extérieur depuis, et on l'y a cherché sans le trouver.";
    answer_destroyed_restored: "It was destroyed; its database, or rows that had gone from it, were put back since: whether it is back the log does not say.", "Il a été détruit; sa base, ou des lignes qui en avaient disparu, ont été remises depuis\u{a0}: le registre ne dit pas s'il est revenu.";
    answer_anonymized_restored: "It was anonymized; its database, or rows of it, were put back since: whether it is still anonymous the log does not say.", "Il a été anonymisé; sa base, ou de ses lignes, ont été remises depuis\u{a0}: le registre ne dit pas s'il est encore anonyme.";
    answer_pending: "Its destruction was announced and is not settled: the next `apply` settles it.", "Sa destruction a été annoncée et n'est pas réglée\u{a0}: le prochain `apply` la règle.";
    answer_aborted: "Its destruction was announced, and it was kept after all: {}.", "Sa destruction a été annoncée, et il a finalement été conservé\u{a0}: {}.";
    kept_by_hold: "it was under a hold", "il faisait l'objet d'une suspension";
    kept_by_blocker: "a record that stays referred to it", "un enregistrement qui reste s'y rapportait";
    kept_by_drift: "it was no longer as the plan listed it", "il n'était plus tel que la liste le montrait";
    kept_by_delay: "it was put off", "il a été reporté";
    answer_gone: "Its destruction was announced, and its row was not there any more when its turn came. The log does not say how it went: with another record whose part it was (of such rows the log has the number, not the names), or by what is not retentiond.", "Sa destruction a été annoncée, et sa ligne n'était plus là quand son tour est venu. Le registre ne dit pas comment elle a disparu\u{a0}: avec un autre enregistrement dont elle était une composante (de telles lignes, le registre a le nombre, non les noms), ou autrement que par retentiond.";
    answer_failed: "Its destruction was announced, and what was read back after the transaction contradicted it: a row stood under its key, or a mask was not in place. The log does not say whether that row was written back, or is another record under the same key, nor what stands there now.", "Sa destruction a été annoncée, et la relecture qui suit la transaction l'a contredite\u{a0}: une ligne portait sa clé, ou un masque n'était pas en place. Le registre ne dit pas si cette ligne a été réécrite ou si c'est un autre enregistrement de même clé, ni ce qui s'y trouve maintenant.";
    answer_resurrected: "It was destroyed; records of its batch stood in their table again when they were looked for since, and the log does not say which.", "Il a été détruit; des enregistrements de son lot se trouvaient de nouveau dans leur table quand on les y a cherchés depuis, et le registre ne dit pas lesquels.";
    answer_resurrected_surely: "It was destroyed, and a row bore its key again when it was looked for since: its database, or rows of it, were put back, or the key was given to another record.", "Il a été détruit, et une ligne portait de nouveau sa clé quand on l'a cherché depuis\u{a0}: sa base, ou de ses lignes, ont été remises, ou un autre enregistrement a reçu la clé.";
    answer_not_found: "The log says nothing of it.", "Le registre n'en dit rien.";
    parts_unnamed: "That is no proof that it was never destroyed: of rows that go as parts of another record the log has the number, not the names. What became of a row that was one is told of that record.", "Cela ne prouve pas qu'il n'a jamais été détruit\u{a0}: des lignes qui disparaissent comme composantes d'un autre enregistrement, le registre a le nombre, non les noms. Ce qu'il est advenu d'une telle ligne se demande pour cet enregistrement.";
    cited_exactly: "A reference is looked for exactly as it is written: the log holds no text, only a fingerprint of it. Check capitals, spaces and signs, or ask by the key.", "Une référence est cherchée exactement comme elle est écrite\u{a0}: le registre n'en contient pas le texte, seulement une empreinte. Vérifiez majuscules, espaces et signes, ou demandez par la clé.";
    answer_key_destroyed: "Whether it was destroyed can no longer be read: keys that might have named it were destroyed.", "On ne peut plus lire s'il a été détruit\u{a0}: des clés qui l'auraient nommé ont été détruites.";
    answer_several: "{} [record|records] were cited so. What the log says of each:", "{} [enregistrement a porté|enregistrements ont porté] cette référence. Ce que le registre dit de chacun\u{a0}:";
    answer_names: "The log has {} [name|names] for what was cited so, of several years: those of one year are different records, those of different years may be of one. What it says of each:", "Le registre a {} [nom|noms] pour ce qui a porté cette référence, de plusieurs années\u{a0}: ceux d'une même année sont des enregistrements différents, ceux d'années différentes peuvent être du même. Ce qu'il dit de chacun\u{a0}:";
    answer_cannot_tell: "Whether it was destroyed cannot be told: not all that would say so is here.", "On ne peut pas dire s'il a été détruit\u{a0}: il manque ici de quoi le savoir.";

    // `init`.
    init_written: "Written:", "Écrits\u{a0}:";
    init_undecided: "Left for you to decide:", "Il vous reste à décider\u{a0}:";
    init_next: "Then run `check`: it says what is still missing, line by line.", "Puis lancez `check`\u{a0}: il dit ce qui manque encore, ligne par ligne.";

    // Entries of the log.
    shown_of: "{} of {} [entry|entries]", "{} [inscription|inscriptions] sur {}";
    leaf_approval: "plan {} by {}", "liste {} par {}";
    leaf_approval_only: "; only {}", "; seulement {}";
    leaf_approval_excepted: "; {} [record|records] left out", "; {} [enregistrement exclu|enregistrements exclus]";
    leaf_approval_rails: "; rails accepted: {}", "; garde-fous acceptés\u{a0}: {}";
    leaf_rejection: "plan {} by {}", "liste {} par {}";
    leaf_placed: "{} placed on a {} by {}", "{} placée ({}) par {}";
    leaf_lifted: "{} on a {} lifted by {}", "{} levée ({}) par {}";
    leaf_destroy: "to destroy {} {} under {} (run {})", "à détruire\u{a0}: {} {} selon {} (exécution {})";
    leaf_anonymize: "to anonymize {} {} under {} (run {})", "à anonymiser\u{a0}: {} {} selon {} (exécution {})";
    leaf_aborted: "of entry {}: nothing was committed", "de l'inscription {}\u{a0}: rien n'a été validé";
    leaf_outcome: "of entry {}: {}; {} [row|rows], {} [file|files]", "de l'inscription {}\u{a0}: {}; {} [ligne|lignes], {} [fichier|fichiers]";
    leaf_mapping: "{} in {}", "{} dans {}";
    leaf_sanitized: "{}: {} ({})", "{}\u{a0}: {} ({})";
    leaf_run: "{} of plan {}: {} of {} planned [record|records] gone or anonymized", "{} de la liste {}\u{a0}: {} sur {} [enregistrement prévu détruit ou anonymisé|enregistrements prévus détruits ou anonymisés]";
    leaf_refused: "{}, by {}", "{}, par {}";
    leaf_correction: "{}: {}, {} [record|records]", "{}\u{a0}: {}, {} [enregistrement|enregistrements]";
    leaf_unnamed: "; {} [record|records] could not be looked for", "; {} [enregistrement n'a|enregistrements n'ont] pu être [recherché|recherchés]";
    leaf_heartbeat: "{} [record|records] overdue, {} [hold|holds]", "{} [enregistrement|enregistrements] en retard, {} [suspension|suspensions]";

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

    // `explain`.
    is_open: "Open: its clock has not started. It is kept.", "En cours\u{a0}: son délai n'a pas commencé. Il est conservé.";
    is_undated: "Undated ({}): it is kept until someone mends the date.", "Sans date valable ({})\u{a0}: il est conservé tant que la date n'est pas corrigée.";
    is_permanent: "Kept for good under rule {}.", "Conservé en permanence selon la règle {}.";
    is_not_yet: "Not yet: due from {} under rule {}.", "Non échu\u{a0}: échoit le {} selon la règle {}.";
    postponed_by: "{}, postponed by the floor {}", "{}, reportée par le plancher {}";
    is_held: "Held: due since {} under rule {}, but a hold keeps it.", "Suspendu\u{a0}: échu depuis le {} selon la règle {}, mais une suspension le conserve.";
    is_kept_by_series: "Blocked: due since {} under rule {}, but a row that would go with it is a record of another series too, which keeps it: for good, or because both series count that row.", "Bloqué\u{a0}: échu depuis le {} selon la règle {}, mais une ligne qui disparaîtrait avec lui est aussi un enregistrement d'une autre série, qui la conserve\u{a0}: de façon permanente, ou parce que les deux séries comptent cette ligne.";
    is_kept_by_floor: "Blocked: due since {} under rule {}, but a floor still keeps a row that would go with it, or a record to which such a row belongs.", "Bloqué\u{a0}: échu depuis le {} selon la règle {}, mais un plancher retient encore une ligne qui disparaîtrait avec lui, ou un enregistrement auquel une telle ligne appartient.";
    is_of_two: "Blocked: due since {} under rule {}, but a row that would go with it belongs to another record too; say in that part that its rows are `shared`, or make its `on` find one owner.", "Bloqué\u{a0}: échu depuis le {} selon la règle {}, mais une ligne qui disparaîtrait avec lui appartient aussi à un autre enregistrement\u{a0}; dites dans cette composante que ses lignes sont `shared`, ou que son `on` ne trouve qu'un propriétaire.";
    is_blocked: "Blocked: due since {} under rule {}, but records that stay refer to it, or to what would go with it.", "Bloqué\u{a0}: échu depuis le {} selon la règle {}, mais des enregistrements conservés y renvoient, ou renvoient à ce qui partirait avec lui.";
    is_undecided: "Blocked: due since {} under rule {}, which asks for a decision that no program takes.", "Bloqué\u{a0}: échu depuis le {} selon la règle {}, qui demande une décision qu'aucun programme ne prend.";
    is_in_circle: "Blocked: due since {} under rule {}, but it and records that refer to it keep each other, in a circle: none of them can ever go first.", "Bloqué\u{a0}: échu depuis le {} selon la règle {}, mais lui et des enregistrements qui y renvoient se retiennent l'un l'autre, en cercle\u{a0}: aucun ne peut jamais partir le premier.";
    circle_mend: "The circle, each kept by the next: {}. Clear one of these references in the application, or take one `blocked_by` out of the mapping; the next plan then lists them.", "Le cercle, chacun retenu par le suivant\u{a0}: {}. Effacez un de ces renvois dans l'application, ou retirez un `blocked_by` de la configuration; la prochaine liste les contiendra.";
    is_due: "Due: since {} under rule {}. It goes with the next approved plan.", "Échu\u{a0}: depuis le {} selon la règle {}. Il part avec la prochaine liste approuvée.";
    is_due_and_stayed: "Due: since {} under rule {}, and it stayed when it was last tried. The next plan lists it again; it goes once what kept it is mended.", "Échu\u{a0}: depuis le {} selon la règle {}, et il est resté à la dernière tentative. La prochaine liste le contiendra; il partira une fois corrigé ce qui l'a retenu.";
    stayed: "Last tried {}, in run {}, which did not announce it in the log: {}.", "Dernière tentative\u{a0}: {}, exécution {}, qui ne l'a pas annoncé au registre\u{a0}: {}.";
    stayed_in_entry: "Last tried {}, in run {} (entry {}): {}.", "Dernière tentative\u{a0}: {}, exécution {} (inscription {})\u{a0}: {}.";
    is_due_and_approved: "Due: since {} under rule {}. It goes when the approved plan is applied.", "Échu\u{a0}: depuis le {} selon la règle {}. Il part à l'exécution de la liste approuvée.";
    is_gone: "Gone: no such record is in the database any more.", "Disparu\u{a0}: aucun enregistrement de cette clé n'est plus dans la base.";
    is_absent: "Not there: no such record is in the database.", "Absent\u{a0}: aucun enregistrement de cette clé dans la base.";
    is_ungoverned: "No rule governs its series: it is never destroyed.", "Aucune règle ne régit sa série\u{a0}: il n'est jamais détruit.";
    is_only_postponed: "Kept: the rules on its series are floors, which only postpone; none disposes of it.", "Conservé\u{a0}: les règles de sa série sont des planchers, qui ne font que reporter; aucune n'en dispose.";
    is_filtered: "Filtered: outside what the configuration puts in scope, or anonymized already. It is kept.", "Hors filtre\u{a0}: hors de la portée configurée, ou déjà anonymisé. Il est conservé.";
    rule_title: "rule {}{} (calendar {} version {}): {}", "règle {}{} (calendrier {} version {})\u{a0}: {}";
    not_happened: "has not happened", "n'a pas eu lieu";
    never: "never", "jamais";
    counted_from: "civil day {}, not counted", "jour civil {}, non compté";
    last_day: "last day {}", "dernier jour {}";
    due_from: "due from {}", "échu à compter de {}";
    held_by: "hold {} by {} on {}", "suspension {} par {} le {}";
    blockers_title: "Records that refer to it, or to what would go with it:", "Enregistrements qui y renvoient, ou à ce qui partirait avec lui\u{a0}:";
    blocker_goes: "due too, goes before it", "échu aussi, part avant lui";
    blocker_stays: "stays", "reste";
    approval_announced: "Plan {}, approved by {} on {}, listed it.", "La liste {}, approuvée par {} le {}, le comprenait.";
    approval_listed: "Plan {}, approved by {} on {}, lists it.", "La liste {}, approuvée par {} le {}, le comprend.";
    approval_excepted: "Plan {}, approved by {} on {}, leaves it out: it stays until another plan lists it.", "La liste {}, approuvée par {} le {}, l'excepte\u{a0}: il reste jusqu'à ce qu'une autre liste le comprenne.";
    approval_other_rule: "Plan {}, approved by {} on {}, lists it, but only other rules were approved: it stays until another plan lists it.", "La liste {}, approuvée par {} le {}, le comprend, mais seules d'autres règles ont été approuvées\u{a0}: il reste jusqu'à ce qu'une autre liste le comprenne.";
    destroyed_and_present: "A record with this key was destroyed; this one was put back, or is a new one with the same key.", "Un enregistrement de cette clé a été détruit; celui-ci a été remis, ou est nouveau sous la même clé.";
    in_the_log: "In the destruction log", "Au registre de destruction";

    // Kinds of undated.
    kind_format: "the date cannot be read", "la date est illisible";
    kind_naive: "the date-time has no zone", "la date-heure n'a pas de fuseau";
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
