//! A state directory that others could change or read is refused, with the mend.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::office::Office;

#[test]
fn a_state_directory_that_others_can_read_is_refused_with_the_mend() {
    let office = Office::new("report", 3);
    office.start().stop();
    let private = office.path("state/private");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = office.run(&["run"]);
    assert_eq!(refused.code, 78, "{}", refused.err);
    assert!(refused.err.contains("chmod go-rwx"), "{}", refused.err);
}
