//! What `audit lookup` and `explain` say where not all is here that would give the answer.

use std::fs;

use super::house::House;

/// A house whose record 4 was destroyed.
fn destroyed() -> House {
    let house = House::new();
    let plan = house.approved();
    assert_eq!(house.run(&["apply", &plan]).code, 0);
    house
}

const LOOKUP: [&str; 4] = ["audit", "lookup", "dossier", "4"];

/// The one fingerprint key of the house.
fn key(house: &House) -> String {
    let keys = fs::read_dir(house.path("state/private/keys")).unwrap();
    let mut names = keys.map(|key| key.unwrap().file_name().into_string().unwrap());
    let name = names.find(|name| name.starts_with("fp-")).unwrap();
    format!("state/private/keys/{name}")
}

/// Neither command knows, and each says so.
fn cannot_tell(house: &House, why: &str) {
    for (arguments, answer) in [(LOOKUP.as_slice(), "/answer"), (&["explain", "dossier", "4"], "/lookup/answer")] {
        let (code, found) = house.json(arguments);
        assert_eq!((code, found.pointer(answer)), (1, Some(&"CANNOT-TELL".into())), "{found}");
        let ran = house.run(arguments);
        let text = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == 1 && text.contains(why), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn a_destruction_is_not_denied_where_the_key_that_named_it_is_missing() {
    let house = destroyed();
    let (key, aside) = (house.path(&key(&house)), house.path("aside"));
    fs::rename(&key, &aside).unwrap();
    cannot_tell(&house, "Put them back from your copy of `private/keys`");
    fs::rename(&aside, &key).unwrap();
    assert_eq!(house.json(&LOOKUP).1["answer"], "DESTROYED");
    // Nor where all keys are.
    fs::rename(house.path("state/private/keys"), &aside).unwrap();
    let (code, found) = house.json(&LOOKUP);
    assert_eq!((code, &found["answer"]), (1, &"CANNOT-TELL".into()), "{found}");
    assert_eq!(found["missing_keys"].as_array().unwrap().len(), 1, "{found}");
}
