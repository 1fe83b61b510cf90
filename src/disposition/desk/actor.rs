//! Who asks, as the log names them.

use std::fs;

use crate::model::Actor;

/// `name (uid)` of a local user; `uid N` where `/etc/passwd` does not know the number.
pub fn actor_of(uid: u32) -> Actor {
    named(uid, &fs::read_to_string("/etc/passwd").unwrap_or_default())
}

fn named(uid: u32, passwd: &str) -> Actor {
    let wanted = uid.to_string();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == wanted).then_some(name)
    });
    Actor::new(name.map_or_else(|| format!("uid {uid}"), |name| format!("{name} ({uid})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_with_the_uid_and_an_unknown_one_by_the_uid_alone() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nmarie:x:1001:1001::/home/marie:/bin/sh\n";
        assert_eq!(named(1001, passwd), Actor::new("marie (1001)"));
        assert_eq!(named(1, passwd), Actor::new("uid 1"));
    }
}
