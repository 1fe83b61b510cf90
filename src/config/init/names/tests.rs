use super::*;

fn column(name: &str, declared: &str) -> Column {
    Column {
        name: name.to_owned(),
        declared: declared.to_owned(),
        not_null: false,
        primary_key: 0,
        generated: false,
        collation: "BINARY".to_owned(),
    }
}

#[test]
fn names_of_either_style_fall_into_words() {
    assert_eq!(words("last_login_at"), ["last", "login", "at"]);
    assert_eq!(words("InvoiceDate"), ["invoice", "date"]);
    assert_eq!(words("BillingPostalCode"), ["billing", "postal", "code"]);
    assert_eq!(snake("PlaylistTrack"), "playlist_track");
}

#[test]
fn a_column_is_a_date_by_its_type_or_by_its_name() {
    let kind = |name, declared| date_kind(&column(name, declared));
    assert_eq!(kind("closed_at", "TEXT"), Some(DateKind::Closure));
    assert_eq!(kind("last_login_on", "datetime"), Some(DateKind::LastUse));
    assert_eq!(kind("BirthDate", "DATETIME"), Some(DateKind::Birth));
    assert_eq!(kind("InvoiceDate", "DATETIME"), Some(DateKind::Plain));
    assert_eq!(kind("expires_at", "INTEGER"), Some(DateKind::Expiry));
    assert_eq!(kind("hours", "INTEGER"), None);
    assert_eq!(kind("on", "TEXT"), None);
}

#[test]
fn the_type_suggests_the_encoding() {
    let encoding = |name, declared| encoding(&column(name, declared));
    assert_eq!(encoding("closed_on", "datetime"), Some(""), "UTC or local, only a person can say");
    assert_eq!(encoding("birth", "DATE"), Some("date"));
    assert_eq!(encoding("used_at", "INTEGER"), Some("unix"));
    assert_eq!(encoding("closed_at", "TEXT"), None);
    assert_eq!(encoding("closed_on", "TEXT"), Some("date"));
}

#[test]
fn personal_information_is_known_by_the_words_for_it() {
    for name in ["email", "FirstName", "adresse_postale", "ip_address", "birth_date", "notes"] {
        assert!(is_personal(&column(name, "TEXT")), "{name}");
    }
    for name in ["id", "status", "amount", "account_id", "zipped"] {
        assert!(!is_personal(&column(name, "TEXT")), "{name}");
    }
    assert_eq!(mask(&column("ip_address", "TEXT")), "\"truncate-ip\"");
    assert_eq!(mask(&column("birth_date", "TEXT")), "\"date-to-year\"");
}
