use super::audit::AuditWords;
use super::explain::ExplainWords;
use super::planning::PlanningWords;
use super::*;

/// Each word of every list, in both languages.
fn all() -> impl Iterator<Item = &'static (&'static str, &'static str, &'static str)> {
    [Words::ALL, PlanningWords::ALL, AuditWords::ALL, ExplainWords::ALL].into_iter().flatten()
}

#[test]
fn both_languages_say_something_and_have_the_same_places_to_fill() {
    for (name, en, fr) in all() {
        assert!(!en.is_empty() && !fr.is_empty(), "{name}");
        assert_eq!(en.matches("{}").count(), fr.matches("{}").count(), "{name}");
    }
}

#[test]
fn french_signs_never_begin_a_line() {
    for (name, _, fr) in all() {
        assert!(![" :", " ?", " !", " %", " »", "« "].iter().any(|sign| fr.contains(sign)), "{name}: {fr}");
    }
}

#[test]
fn a_template_takes_its_values_in_turn() {
    assert_eq!(EN.fill("{} of {}: done", &["3", "4"]), "3 of 4: done");
    assert_eq!(EN.fill("as it is", &[]), "as it is");
    assert_eq!(EN.fill("{}", &["a {} and a [b|c] in a value stay"]), "a {} and a [b|c] in a value stay");
}

#[test]
fn a_number_takes_its_singular_or_plural_as_each_language_has_it() {
    let runs = |number: &str| {
        (EN.fill(EN.run_gone, &[number, "2", "1", "0.1"]), FR.fill(FR.run_gone, &[number, "2", "1", "0,1"]))
    };
    assert_eq!(runs("0").0, "0 rows and 2 files (1 byte), in 0.1 s");
    assert_eq!(runs("1").0, "1 row and 2 files (1 byte), in 0.1 s");
    assert_eq!(runs("0").1, "0 ligne et 2 fichiers (1 octet), en 0,1 s");
    assert_eq!(runs("21").1, "21 lignes et 2 fichiers (1 octet), en 0,1 s");
}

#[test]
fn every_choice_of_forms_is_complete_and_follows_a_number() {
    for (name, en, fr) in all() {
        for text in [en, fr] {
            for (place, _) in text.match_indices('[') {
                let forms = text[place..].split_once(']').map(|(forms, _)| forms).unwrap_or_default();
                assert!(forms.matches('|').count() == 1 && text[..place].contains("{}"), "{name}: {text}");
            }
        }
    }
}
