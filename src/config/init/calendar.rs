//! The proposed calendar: a series and a rule for each candidate, every period left blank.

use std::fmt::Write;

use super::guess::{Candidate, Guess};

const HEAD: &str = "\
# calendar.toml: the conservation calendar, proposed from a schema. A schema says nothing of the law: fill every \"\" in, and remove
# what no policy or act asks for. A series without a rule is never destroyed.

[calendar]
number       = \"\"                  # the number by which its authority knows it, such as \"OPC-PC\"
organization = \"\"
version      = 1
# effective  = { from = 2026-01-01 }                            # the first day on which it is in force: uncomment and decide
timezone     = \"\"                  # in which days are counted, such as \"America/Toronto\"
# approval   = { authority = \"BAnQ\", date = 2026-01-01 }        # for public bodies
";

/// The text of the calendar; what it leaves open is added to `undecided`.
pub(super) fn write(guess: &Guess<'_>, undecided: &mut Vec<String>) -> String {
    let mut text = HEAD.to_owned();
    for (at, candidate) in guess.series.iter().enumerate() {
        series(&mut text, candidate, at + 1, undecided);
    }
    text
}

fn series(text: &mut String, candidate: &Candidate<'_>, number: usize, undecided: &mut Vec<String>) {
    let name = &candidate.name;
    let Some((trigger, _)) = &candidate.event else { return };
    // Writing into a String cannot fail.
    let _ = write!(
        text,
        r#"
[[series]]
name        = "{name}"
# description = {{ fr = "", en = "" }}
triggers    = {{ {trigger} = {{ en = "{words}" }} }}

[[rule]]
number      = "R-{number}"
series      = "{name}"
trigger     = "{trigger}"
keep        = ""                   # "P1Y", "P24M", "P30D", "PT24H" or "immediate", counted from the trigger
disposition = "destroy"            # or anonymize, permanent, select, transfer
# basis     = [{{ source = "", text = "" }}]                      # the policy or act, and its words
"#,
        words = trigger.replace('_', " ")
    );
    undecided
        .push(format!("calendar.toml: R-{number}: how long \"{name}\" is kept after {trigger}, and what happens then"));
}
