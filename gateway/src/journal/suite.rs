//! What every journal must do, whatever keeps it.

use std::{
    ops::Range,
    sync::{Arc, Barrier},
};

use super::{Journal, JournalError};

/// Leaves that tell their number, among them an empty one, one that is no text and one of the largest size.
pub(crate) fn leaves(range: Range<u64>) -> Vec<Vec<u8>> {
    let leaf = |n| match n {
        3 => Vec::new(),
        4 => vec![0, 255, 10, 13],
        5 => vec![b'x'; visiting_policies::record::EVENT_MAX_BYTES],
        n => format!("leaf {n} 記録").into_bytes(),
    };
    range.map(leaf).collect()
}

/// `open(false)` gives a new journal, `open(true)` the same one again, on a connection of its own.
pub(crate) fn is_a_journal(mut open: impl FnMut(bool) -> Box<dyn Journal>) {
    keeps_what_it_took(&mut open);
    moves_only_from_its_head(&mut open);
    takes_one_of_two_at_once(&mut open);
}

fn keeps_what_it_took(open: &mut impl FnMut(bool) -> Box<dyn Journal>) {
    let journal = open(false);
    assert!(journal.read(0, 10).unwrap().is_empty());
    assert_eq!(journal.append_if(0, &leaves(0..5)).unwrap(), 5);
    // Nothing of this is ever read.
    journal.probe().unwrap();
    assert_eq!(journal.append_if(5, &[]).unwrap(), 5);
    assert_eq!(journal.append_if(5, &leaves(5..2000)).unwrap(), 2000);
    drop(journal);
    let journal = open(true);
    assert_eq!(journal.read(0, 10_000).unwrap(), leaves(0..2000));
    assert_eq!(journal.read(3, 4).unwrap(), leaves(3..7));
    assert!(journal.read(2000, 10).unwrap().is_empty());
}

fn moves_only_from_its_head(open: &mut impl FnMut(bool) -> Box<dyn Journal>) {
    let journal = open(false);
    journal.append_if(0, &leaves(0..2)).unwrap();
    for wrong in [0, 1, 3, u64::MAX] {
        let refused = journal.append_if(wrong, &leaves(9..10));
        assert!(matches!(refused, Err(JournalError::HeadMoved { expected, found: 2 }) if expected == wrong), "{refused:?}");
    }
    assert_eq!(journal.read(0, 10).unwrap(), leaves(0..2));
}

/// Sixteen writers, each from the head that it saw: of every two at one head one goes on, and nothing is lost, doubled or mixed.
fn takes_one_of_two_at_once(open: &mut impl FnMut(bool) -> Box<dyn Journal>) {
    const WRITERS: u64 = 16;
    const EACH: u64 = 20;
    let journal: Arc<dyn Journal> = open(false).into();
    let start = Arc::new(Barrier::new(16));
    let write = |writer: u64| {
        let (journal, start) = (Arc::clone(&journal), Arc::clone(&start));
        std::thread::spawn(move || {
            start.wait();
            let (mut head, mut done) = (0, Vec::new());
            while (done.len() as u64) < EACH {
                let batch = vec![format!("{writer}/{}/a", done.len()).into_bytes(), format!("{writer}/{}/b", done.len()).into_bytes()];
                match journal.append_if(head, &batch) {
                    Ok(next) => {
                        done.push((head, batch));
                        head = next;
                    }
                    Err(JournalError::HeadMoved { found, .. }) => head = found,
                    Err(other) => panic!("{other}"),
                }
            }
            done
        })
    };
    let threads: Vec<_> = (0..WRITERS).map(write).collect();
    let mut done: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    done.sort_unstable_by_key(|(head, _)| *head);
    let told: Vec<Vec<u8>> = done.into_iter().flat_map(|(_, batch)| batch).collect();
    assert_eq!(told.len() as u64, WRITERS * EACH * 2);
    assert_eq!(journal.read(0, 10_000).unwrap(), told);
}
