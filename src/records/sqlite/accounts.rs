//! Users and groups of this machine, as `/etc/passwd` and `/etc/group` name them.

use std::fs;

/// Names, and who is a member of what.
pub struct Accounts {
    users: Vec<Account>,
    groups: Vec<Group>,
}

struct Account {
    name: String,
    uid: u32,
    gid: u32,
}

struct Group {
    name: String,
    gid: u32,
    members: Vec<String>,
}

impl Accounts {
    /// Those of this machine; a file that cannot be read knows nobody.
    pub fn of_this_machine() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/etc/passwd"), &read("/etc/group"))
    }

    /// Reads passwd(5) and group(5); lines out of form are passed over.
    pub fn parse(passwd: &str, group: &str) -> Self {
        let user = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            Some(Account { name, uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
        };
        let group_of = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            let gid = fields.nth(1)?.parse().ok()?;
            let members = fields.next().unwrap_or_default().split(',').map(|member| member.trim().to_owned()).collect();
            Some(Group { name, gid, members })
        };
        Self { users: passwd.lines().filter_map(user).collect(), groups: group.lines().filter_map(group_of).collect() }
    }

    /// The name of a user, or its number.
    pub fn user(&self, uid: u32) -> String {
        self.users.iter().find(|user| user.uid == uid).map_or_else(|| uid.to_string(), |user| user.name.clone())
    }

    /// The name of a group, or its number.
    pub fn group(&self, gid: u32) -> String {
        self.groups.iter().find(|group| group.gid == gid).map_or_else(|| gid.to_string(), |group| group.name.clone())
    }

    /// Whether a user is known to be in a group.
    pub fn is_member(&self, uid: u32, gid: u32) -> bool {
        let named =
            |user: &Account| self.groups.iter().any(|group| group.gid == gid && group.members.contains(&user.name));
        self.users.iter().any(|user| user.uid == uid && (user.gid == gid || named(user)))
    }
}
