//! The verdict on one record: a pure function of the rules, the facts, the holds and the time.
