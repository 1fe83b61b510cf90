//! Which of a draft's records are blocked by what stays, and which must wait for others of the same plan.
//!
//! Every loop takes a page of rows at a time, so memory does not grow with the list; every record and every edge is
//! looked at a fixed number of times, however deep the trees are.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::body::DESTROY;

/// Rows handled at once.
const PAGE: i64 = 1_000;

/// Series number and sort bytes of a record.
type Vertex = (i64, Vec<u8>);

/// How many records of a rule were found to be blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Blocked {
    pub all: u64,
    /// Of them, those that nothing keeps but a circle of records that block each other: they stand in one, or wait for
    /// one.
    pub in_circle: u64,
}

/// Drops what is blocked by a record that stays, and gives levels to the rest. Returns, per rule, how many were
/// blocked.
pub(super) fn settle(connection: &Connection, groups: &[usize], rules: usize) -> rusqlite::Result<Vec<Blocked>> {
    if !connection.prepare("SELECT 1 FROM edge")?.exists([])? {
        return Ok(vec![Blocked::default(); rules]);
    }
    block_from_outside(connection)?;
    spread(connection)?;
    put_in_order(connection, groups)?;
    // What still waits stands in a circle or behind one: none of it can go first, so all of it stays.
    let from_outside = count_blocked(connection, rules)?;
    connection.execute("UPDATE item SET blocked = 1 WHERE blocked = 0 AND waiting > 0", [])?;
    spread(connection)?;
    let all = count_blocked(connection, rules)?;
    let blocked = all.into_iter().zip(from_outside).map(|(all, outside)| Blocked { all, in_circle: all - outside });
    let blocked = blocked.collect();
    connection.execute("DELETE FROM item WHERE blocked > 0", [])?;
    Ok(blocked)
}

/// Gives levels. Where wishes, perhaps with what blocks, make a circle, all of them give way.
fn put_in_order(connection: &Connection, groups: &[usize]) -> rusqlite::Result<()> {
    count_awaited(connection, groups)?;
    give_levels(connection, groups)?;
    let is_in_circle = connection.prepare("SELECT 1 FROM item WHERE blocked = 0 AND waiting > 0")?.exists([])?;
    if is_in_circle && connection.execute("DELETE FROM edge WHERE is_wish = 1", [])? > 0 {
        connection.execute("UPDATE item SET level = 0, waiting = 0, awaited = 0", [])?;
        count_awaited(connection, groups)?;
        give_levels(connection, groups)?;
    }
    Ok(())
}

/// Numbers the steps (series and level, with their number of items): by group of series, then by level, then by series.
pub(super) fn number_steps(
    connection: &Connection,
    groups: &[usize],
    steps: &BTreeMap<(usize, u32), u64>,
) -> rusqlite::Result<()> {
    let mut steps: Vec<_> = steps.iter().collect();
    steps.sort_by_key(|((series, level), _)| (groups.get(*series), *level, *series));
    let mut insert = connection.prepare("INSERT INTO step VALUES(?1, ?2, ?3, ?4)")?;
    for (number, ((series, level), items)) in steps.into_iter().enumerate() {
        insert.execute(params![number as i64, *series as i64, level, *items as i64])?;
    }
    Ok(())
}

/// Marks what has a blocker that is not itself destroyed by this plan.
fn block_from_outside(connection: &Connection) -> rusqlite::Result<()> {
    let mut mark = connection.prepare("UPDATE item SET blocked = 1 WHERE series = ?1 AND sort = ?2 AND blocked = 0")?;
    for_each_edge(connection, &mut |edge| {
        if edge.is_wish {
            return Ok(());
        }
        let stays = !connection
            .prepare_cached("SELECT 1 FROM item WHERE series = ?1 AND sort = ?2 AND action = ?3")?
            .exists(params![edge.blocker.0, edge.blocker.1, DESTROY])?;
        if stays {
            mark.execute(params![edge.blocked.0, edge.blocked.1])?;
        }
        Ok(())
    })
}

/// What is blocked blocks in its turn.
fn spread(connection: &Connection) -> rusqlite::Result<()> {
    let mut next = connection.prepare("SELECT series, sort FROM item WHERE blocked = 1 LIMIT ?1")?;
    let mut mark = connection.prepare(
        "UPDATE item SET blocked = 1 FROM edge
         WHERE edge.blocker_series = ?1 AND edge.blocker = ?2 AND edge.is_wish = 0
           AND item.series = edge.series AND item.sort = edge.sort AND item.blocked = 0",
    )?;
    let mut done = connection.prepare("UPDATE item SET blocked = 2 WHERE series = ?1 AND sort = ?2")?;
    loop {
        let page: Vec<Vertex> =
            next.query_map([PAGE], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
        if page.is_empty() {
            return Ok(());
        }
        for place in page {
            mark.execute(params![place.0, place.1])?;
            done.execute(params![place.0, place.1])?;
        }
    }
}

/// Counts, for every item, the blockers in its own group whose level must be known first.
fn count_awaited(connection: &Connection, groups: &[usize]) -> rusqlite::Result<()> {
    let mut wait = connection.prepare(
        "UPDATE item SET waiting = waiting + 1 WHERE series = ?1 AND sort = ?2 AND blocked = 0
         RETURNING 1",
    )?;
    let mut await_it = connection.prepare("UPDATE item SET awaited = 1 WHERE series = ?1 AND sort = ?2")?;
    let mut is_listed = connection.prepare("SELECT 1 FROM item WHERE series = ?1 AND sort = ?2 AND blocked = 0")?;
    for_each_edge(connection, &mut |edge| {
        let inside = edge.blocker.0 >= 0 && group_of(groups, edge.blocked.0) == group_of(groups, edge.blocker.0);
        // What blocks what goes is listed; what only should go before need not be.
        let inside = inside && (!edge.is_wish || is_listed.exists(params![edge.blocker.0, edge.blocker.1])?);
        if inside && wait.query(params![edge.blocked.0, edge.blocked.1])?.next()?.is_some() {
            await_it.execute(params![edge.blocker.0, edge.blocker.1])?;
        }
        Ok(())
    })
}

/// Takes records whose level is known, and tells those that wait for them.
fn give_levels(connection: &Connection, groups: &[usize]) -> rusqlite::Result<()> {
    let mut next =
        connection.prepare("SELECT series, sort, level FROM item WHERE awaited = 1 AND waiting = 0 LIMIT ?1")?;
    let mut waiting = connection.prepare("SELECT series, sort FROM edge WHERE blocker_series = ?1 AND blocker = ?2")?;
    let mut tell = connection.prepare(
        "UPDATE item SET waiting = waiting - 1, level = max(level, ?3)
         WHERE series = ?1 AND sort = ?2 AND blocked = 0",
    )?;
    let mut done = connection.prepare("UPDATE item SET awaited = 0 WHERE series = ?1 AND sort = ?2")?;
    loop {
        let page: Vec<(Vertex, i64)> = next
            .query_map([PAGE], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        if page.is_empty() {
            return Ok(());
        }
        for (place, level) in page {
            let mut rows = waiting.query(params![place.0, place.1])?;
            while let Some(row) = rows.next()? {
                let (series, sort): Vertex = (row.get(0)?, row.get(1)?);
                if group_of(groups, series) == group_of(groups, place.0) {
                    tell.execute(params![series, sort, level + 1])?;
                }
            }
            done.execute(params![place.0, place.1])?;
        }
    }
}

fn count_blocked(connection: &Connection, rules: usize) -> rusqlite::Result<Vec<u64>> {
    let mut blocked = vec![0; rules];
    let mut select = connection.prepare("SELECT rule, count(*) FROM item WHERE blocked > 0 GROUP BY rule")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let rule = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        if let Some(count) = blocked.get_mut(rule) {
            *count = row.get::<_, i64>(1)?.unsigned_abs();
        }
    }
    Ok(blocked)
}

struct EdgeRow {
    blocked: Vertex,
    blocker: Vertex,
    /// The blocker keeps nothing from going, and only should go before.
    is_wish: bool,
}

/// Visits every edge in order, a page at a time, so that the visitor may write.
fn for_each_edge(
    connection: &Connection,
    visit: &mut dyn FnMut(&EdgeRow) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare(
        "SELECT series, sort, blocker_series, blocker, is_wish FROM edge
         WHERE (series, sort, blocker_series, blocker) > (?1, ?2, ?3, ?4)
         ORDER BY series, sort, blocker_series, blocker LIMIT ?5",
    )?;
    // Before every edge: no series has this number.
    let mut last = EdgeRow { blocked: (i64::MIN, Vec::new()), blocker: (i64::MIN, Vec::new()), is_wish: false };
    loop {
        let page = select
            .query_map(params![last.blocked.0, last.blocked.1, last.blocker.0, last.blocker.1, PAGE], |row| {
                Ok(EdgeRow {
                    blocked: (row.get(0)?, row.get(1)?),
                    blocker: (row.get(2)?, row.get(3)?),
                    is_wish: row.get(4)?,
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        page.iter().try_for_each(&mut *visit)?;
        match page.into_iter().next_back() {
            Some(edge) => last = edge,
            None => return Ok(()),
        }
    }
}

fn group_of(groups: &[usize], series: i64) -> Option<usize> {
    groups.get(usize::try_from(series).ok()?).copied()
}
