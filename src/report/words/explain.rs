//! What `explain` says: why a record is still here.

use super::list::words;

words! {
    /// What `explain` says: why a record is still here.
    ExplainWords {}

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
}
