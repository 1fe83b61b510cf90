//! Executions that were asked for over the socket, and how they ended: each who asked hears it, however many did.

use std::collections::BTreeMap;

use crate::disposition::execute::{Progress, Statement};
use crate::disposition::request::Refusal;
use crate::model::PlanId;

/// So many wait for their turn, or for somebody to hear their end, at most.
const MOST: usize = 64;

/// An execution that somebody asked for.
#[derive(Clone, Debug)]
pub enum Execution {
    Waiting,
    Running(Progress),
    Ended(Box<Result<Statement, Refusal>>),
}

/// What was asked for, by number, in the order of asking.
#[derive(Debug, Default)]
pub struct Executions {
    given: u64,
    asked: BTreeMap<u64, (PlanId, Execution)>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To be begun, under this number.
    New(u64),
    /// The plan is waiting or under way already, under this number.
    Joined(u64),
    TooMany,
}

impl Executions {
    /// Somebody asks for the execution of a plan.
    pub fn ask(&mut self, plan: &PlanId) -> Asked {
        if let Some(number) = self.open(plan) {
            return Asked::Joined(number);
        }
        if self.asked.len() >= MOST {
            let is_over = |(_, execution): &(PlanId, Execution)| matches!(execution, Execution::Ended(_));
            let Some(oldest) = self.asked.iter().find(|(_, asked)| is_over(asked)).map(|(number, _)| *number) else {
                return Asked::TooMany;
            };
            self.asked.remove(&oldest);
        }
        self.given += 1;
        self.asked.insert(self.given, (plan.clone(), Execution::Waiting));
        Asked::New(self.given)
    }

    /// How the execution of this number stands.
    pub fn of(&self, number: u64) -> Option<&Execution> {
        self.asked.get(&number).map(|(_, execution)| execution)
    }

    /// The execution of a plan that somebody asked for has come this far, or has ended so.
    pub fn set(&mut self, plan: &PlanId, execution: Execution) {
        if let Some(asked) = self.open(plan).and_then(|number| self.asked.get_mut(&number)) {
            asked.1 = execution;
        }
    }

    /// The number of a plan's execution that has not ended.
    fn open(&self, plan: &PlanId) -> Option<u64> {
        let is_open = |(of, execution): &(PlanId, Execution)| of == plan && !matches!(execution, Execution::Ended(_));
        self.asked.iter().find(|(_, asked)| is_open(asked)).map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::execution::refused;

    fn plan(number: usize) -> PlanId {
        PlanId::new(format!("2026-11-21-{number:08x}"))
    }

    fn over() -> Execution {
        Execution::Ended(Box::new(Err(refused("test", String::new()))))
    }

    #[test]
    fn who_asks_for_what_is_under_way_joins_and_all_hear_its_end_though_it_was_asked_for_again() {
        let mut executions = Executions::default();
        assert_eq!(executions.ask(&plan(1)), Asked::New(1));
        assert_eq!(executions.ask(&plan(1)), Asked::Joined(1));
        executions.set(&plan(1), over());
        assert_eq!(executions.ask(&plan(1)), Asked::New(2), "what has ended may be asked for anew");
        assert!(matches!(executions.of(1), Some(Execution::Ended(_))));
        assert!(matches!(executions.of(2), Some(Execution::Waiting)));
    }

    #[test]
    fn those_that_ended_make_room_and_those_that_wait_are_not_forgotten() {
        let mut executions = Executions::default();
        assert!((0..MOST).all(|number| executions.ask(&plan(number)) == Asked::New(number as u64 + 1)));
        assert_eq!(executions.ask(&plan(MOST)), Asked::TooMany);
        executions.set(&plan(3), over());
        assert_eq!(executions.ask(&plan(MOST)), Asked::New(MOST as u64 + 1));
        assert!(executions.of(4).is_none() && executions.of(1).is_some());
    }
}
