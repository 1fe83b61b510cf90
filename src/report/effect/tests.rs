use std::collections::BTreeMap;

use super::*;
use crate::calendar::parse;
use crate::disposition::plan::PartCount;
use crate::records::mapping::{FilesMapping, Literal, Mask, Missing, OwnerGone, PartMapping, Reference, sample};
use crate::report::words::{EN, FR};

const CALENDAR: &str = r#"
[calendar]
number = "T-1"
organization = "Office"
version = 1
effective.from = 2024-04-04
timezone = "America/Toronto"
[[series]]
name = "dossier"
triggers = { closure = { en = "Closure of the file", fr = "Fermeture du dossier" }, consent_withdrawn.en = "consent_withdrawn" }
"#;

/// What one rule on the dossiers does, as a plan tells it.
fn told(rule: &str, words: &Words) -> String {
    let text = format!("{CALENDAR}[[rule]]\nnumber = \"1\"\nseries = \"dossier\"\n{rule}\n");
    let calendar = parse("t.toml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:?}"));
    super::text(&of_rules(&calendar, &mapping(), &[], words), words)
}

fn mapping() -> SeriesMapping {
    let mut mapping = sample::series("parle", "dossier");
    let mut document = sample::part("document", "dossier_id", "id");
    document.files = Some(FilesMapping {
        columns: vec!["path".to_owned()],
        root: "files".into(),
        shared: Vec::new(),
        missing: Missing::Fail,
    });
    let mut attachment = sample::part("attachment", "dossier_id", "id");
    attachment.shared =
        vec![Reference { table: "use".to_owned(), on: sample::on("attachment_id", "id"), condition: None }];
    let mut alert = sample::part("alert", "dossier_id", "id");
    alert.owner_gone = OwnerGone::Detach;
    let mut message = sample::part("message", "dossier_id", "id");
    message.anonymize = [("author".to_owned(), Mask::Constant(Literal::Text("—".to_owned())))].into();
    mapping.parts = vec![message, document, attachment, alert];
    mapping.anonymize = [("ip".to_owned(), Mask::TruncateIp), ("name".to_owned(), Mask::Null)].into();
    mapping
}

#[test]
fn a_rule_that_destroys_tells_its_term_and_all_that_goes_along() {
    let text = told("trigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"", &EN);
    for expected in [
        "1 dossier: destroyed 1 year after closure (Closure of the file)\n",
        "with it: message, document and its files\n",
        "with the last record that refers to it: attachment\n",
        "lives on without it: alert\n",
    ] {
        assert!(text.contains(expected), "{expected} is missing from\n{text}");
    }
    assert!(!text.contains("masked"), "{text}");
}

#[test]
fn rows_that_records_share_are_counted_as_the_most_that_may_go() {
    let text = format!(
        "{CALENDAR}[[rule]]\nnumber = \"1\"\nseries = \"dossier\"\ntrigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"\n"
    );
    let calendar = parse("t.toml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut mapping = mapping();
    // A page belongs to an attachment, and so to whoever shares it.
    let mut page = sample::part("page", "attachment_id", "id");
    page.of = Some("attachment".into());
    page.files = mapping.parts[1].files.clone();
    mapping.parts.push(page);
    let counted = |part: &PartMapping| PartCount { part: part.name.clone(), counted: PartRows { rows: 4, files: 1 } };
    let along = RuleAlong {
        rule: "1".into(),
        series: "dossier".into(),
        held_by: BTreeMap::new(),
        parts: Some(mapping.parts.iter().map(counted).collect()),
        uncounted: 0,
    };
    let told = |words| super::text(&of_rules(&calendar, &mapping, &[&along], words), words).replace("\n      ", " ");
    for (text, expected) in [
        (
            told(&EN),
            "with it: message (4 rows), document and its files (4 rows, 1 naming a file), page and its files (at most 4 rows, at most 1 naming a file)",
        ),
        (told(&EN), "refers to it: attachment (at most 4 rows)"),
        (told(&FR), "page et ses fichiers (au plus 4 lignes, dont au plus 1 nomme un fichier)"),
        (told(&FR), "attachment (au plus 4 lignes)"),
    ] {
        assert!(text.contains(expected), "{expected} is missing from\n{text}");
    }
}

#[test]
fn a_rule_that_anonymizes_tells_its_masks_and_what_stays_as_it_is() {
    let text = told("trigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"anonymize\"", &EN);
    for expected in [
        "1 dossier: anonymized 1 year after closure",
        "masked: ip\u{a0}→\u{a0}network of the address, name\u{a0}→\u{a0}nothing (NULL),",
        "message.author\u{a0}→\u{a0}\"—\"; its other columns stay",
        "stays as it is: document and its files, attachment, alert\n",
    ] {
        assert!(text.contains(expected), "{expected} is missing from\n{text}");
    }
    assert!(!text.contains("with it") && !text.contains("without it"), "{text}");
}

#[test]
fn every_disposition_and_period_reads_as_a_sentence_in_both_languages() {
    let rule = |keep: &str, disposition: &str| format!("trigger = \"closure\"\nkeep = \"{keep}\"\n{disposition}");
    for (keep, disposition, english, french) in [
        (
            "P18M",
            "disposition = \"destroy\"",
            "destroyed 18 months after closure (Closure",
            "détruit 18 mois après closure (Fermeture",
        ),
        (
            "P1Y30D",
            "role = \"floor\"",
            "kept at least until 1 year and 30 days after closure",
            "conservé au moins jusqu'à 1 an et 30 jours après closure",
        ),
        (
            "PT24H",
            "disposition = \"transfer\"",
            "decides on its transfer, 24 hours after",
            "décide de son versement, 24 heures après",
        ),
        (
            "PT90M",
            "disposition = \"select\"",
            "decides on its selection, 90 minutes after",
            "en fasse le tri, 90 minutes après",
        ),
        ("PT1S", "disposition = \"destroy\"", "destroyed 1 second after", "détruit 1 seconde après"),
        ("immediate", "disposition = \"destroy\"", "destroyed at once upon closure", "détruit dès closure"),
        ("P2Y", "disposition = \"permanent\"", "kept permanently\n", "conservé en permanence\n"),
        (
            "P2Y",
            "disposition = \"destroy\"\nstart.year_end = \"12-31\"",
            "(Closure of the file) from the 12-31 that",
            "(Fermeture du dossier) à compter du 12-31",
        ),
    ] {
        for (words, expected) in [(&EN, english), (&FR, french)] {
            let text = told(&rule(keep, disposition), words);
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ") + "\n";
            assert!(line.contains(expected), "{expected} is missing from\n{text}");
        }
    }
}

#[test]
fn a_rule_that_another_one_overrules_says_so_instead_of_what_it_would_do() {
    let later = "[[rule]]\nnumber = \"2\"\nseries = \"dossier\"\ntrigger = \"closure\"\nkeep = \"P5Y\"\ndisposition = \"destroy\"";
    let text = told(&format!("trigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"anonymize\"\n{later}"), &EN);
    assert!(text.contains("never acts: rule 2 wins over it") && !text.contains("masked"), "{text}");
    assert!(text.contains("2 dossier: destroyed 5 years after closure"), "{text}");
}

#[test]
fn of_several_ways_the_first_to_come_counts_and_no_line_is_wider_than_a_page() {
    let until = "until.earliest = [{ trigger = \"closure\", keep = \"P6M\" }, { trigger = \"consent_withdrawn\", keep = \"P30D\" }]";
    let text = told(&format!("{until}\ndisposition = \"destroy\""), &EN);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected =
        "6 months after closure (Closure of the file) or 30 days after consent_withdrawn, whichever comes first";
    assert!(line.contains(expected), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
}

#[test]
fn a_rule_is_told_with_its_title_and_with_what_it_rests_on() {
    let rule = "trigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"
title = { en = \"Mediation files\", fr = \"Dossiers de médiation\" }
basis = [{ source = \"Privacy policy\", text = \"gone after a year\" }, { source = \"A-2.1, s. 73\" }]";
    let english = told(rule, &EN);
    for expected in [
        "  1 dossier, Mediation files: destroyed 1 year after",
        "    basis: Privacy policy: \u{201c}gone after a year\u{201d}\n",
        "    basis: A-2.1, s. 73\n",
    ] {
        assert!(english.contains(expected), "{expected} is missing from\n{english}");
    }
    assert!(told(rule, &FR).contains("1 dossier, Dossiers de médiation\u{a0}: détruit"), "{}", told(rule, &FR));
}
