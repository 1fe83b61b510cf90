//! What a plan, its review and the forecast say: what is to come.

use super::list::words;

words! {
    /// What a plan, its review and the forecast say: what is to come.
    PlanningWords {}

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

    // The forecast.
    month: "month", "mois";
    due_now: "due now", "échu";
    later: "later", "plus tard";
    no_forecast: "No rule disposes of a mapped series: nothing will fall due.", "Aucune règle ne dispose d'une série configurée\u{a0}: rien n'échoira.";
    forecast_note: "As the records stand now; a use, a reopening or a hold changes it.", "Selon l'état actuel; un usage, une réouverture ou une suspension le change.";
    forecast_counts: "Records that a hold or another record keeps are counted too; `plan` tells them apart.", "Les enregistrements qu'une suspension ou un autre enregistrement conserve sont comptés aussi; `plan` les distingue.";
}
