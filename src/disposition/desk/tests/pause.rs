//! A pause binds, whatever becomes of the note of it.

use super::*;
use crate::disposition::clock::Obstacle;
use crate::disposition::control::{Control, Pause};
use crate::model::Windows;

/// Nothing can be written to the private database, or all of it again.
fn set_read_only(desk: &Desk, is_so: bool) {
    desk.store.run(|connection| connection.pragma_update(None, "query_only", is_so)).unwrap();
}

fn noted(desk: &SharedDesk) -> Option<String> {
    desk.lock().unwrap().recall::<Pause>("pause").unwrap().map(|pause| pause.reason)
}

fn told(answer: Result<Response, DeskError>) -> String {
    match answer.unwrap() {
        Response::Done { message } => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_pause_that_cannot_be_noted_binds_at_once_says_so_and_is_noted_when_it_can_be() {
    let sample = Sample::new();
    let desk = SharedDesk::new(Desk::open(sample.install.clone(), None, now()).unwrap());
    let brake = Brake::recall(&desk, watch()).unwrap();
    let actor = Actor::new("somebody");
    let pause = |reason: &str| told(brake.pause(reason.to_owned(), &actor, now()));
    assert_eq!(pause("a claim"), "nothing is destroyed until `retentiond ctl resume`; scans go on");
    set_read_only(&desk.lock().unwrap(), true);
    let message = pause("another claim");
    assert!(message.contains("paused in memory, could not be noted: could not use the private database"), "{message}");
    assert!(message.contains("a restart before it is noted forgets it"), "{message}");
    assert_eq!(brake.why_not(&Windows::NONE), Some(Obstacle::Paused));
    assert_eq!(brake.note_pause().unwrap_err().code(), "state-database");
    assert_eq!(noted(&desk).as_deref(), Some("a claim"));

    set_read_only(&desk.lock().unwrap(), false);
    brake.note_pause().unwrap();
    assert_eq!(noted(&desk).as_deref(), Some("another claim"));
    told(brake.resume(false, &actor, now()));
    brake.note_pause().unwrap();
    assert_eq!((noted(&desk), brake.why_not(&Windows::NONE)), (None, None), "nothing is noted again");
}

#[test]
fn who_pauses_without_a_daemon_is_refused_where_it_cannot_be_noted_for_it_would_bind_nobody() {
    let sample = Sample::new();
    let mut door = door(&sample);
    set_read_only(&door.here().unwrap().lock().unwrap(), true);
    let control = Control::Pause { reason: "a claim".to_owned() };
    assert_eq!(door.ask(Request::Daemon { control }).unwrap_err().refusal().code, "state-database");
}
