//! Ended in any way and started again, a witness knows what it has cosigned.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::given::{FORK, LOG, Scratch, Serving, try_post, until};

#[test]
fn a_restart_keeps_what_was_cosigned_byte_for_byte() {
    let (scratch, _) = Scratch::made();
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.ask(&LOG.request(0, 40)).status, 200);
    let kept = witness.monitored();
    assert_eq!(witness.stop(), Some(0));
    let witness = Serving::start(&scratch.home());
    assert_eq!(witness.monitored(), kept);
    assert_eq!(witness.ask(&LOG.request(0, 50)).body, "40\n");
    assert_eq!(witness.ask(&FORK.request(40, 50)).status, 422);
    assert_eq!(witness.ask(&LOG.request(40, 50)).status, 200);
}

#[test]
fn killed_between_requests_it_never_forgets() {
    let (scratch, _) = Scratch::made();
    let mut size = 0;
    for step in 1..8 {
        let witness = Serving::start(&scratch.home());
        assert_eq!(witness.size(), size);
        assert_eq!(witness.ask(&LOG.request(size, size + step)).status, 200);
        size += step;
        witness.kill();
    }
}

#[test]
fn killed_within_requests_it_knows_at_least_what_it_answered() {
    let (scratch, _) = Scratch::made();
    for round in 0..6 {
        let witness = Serving::start(&scratch.home());
        let (address, begun) = (witness.address, witness.size());
        let (answered, size) = (AtomicU64::new(0), AtomicU64::new(begun));
        let serving = Mutex::new(Some(witness));
        thread::scope(|scope| {
            scope.spawn(|| {
                loop {
                    let old = size.load(Ordering::SeqCst);
                    let Ok(answer) = try_post(address, &LOG.request(old, old + 1).to_string()) else { break };
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    size.store(old + 1, Ordering::SeqCst);
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
            // Some way into its work, another way each round; the next request is on its way.
            until("an answer", || answered.load(Ordering::SeqCst) > 3 * round);
            serving.lock().unwrap().take().unwrap().kill();
        });
        let (witness, known) = (Serving::start(&scratch.home()), size.into_inner());
        let kept = witness.size();
        assert!(kept == known || kept == known + 1, "it answered {known} and kept {kept}");
    }
}
