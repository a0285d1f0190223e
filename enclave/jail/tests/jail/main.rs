//! The jail, tried by a worker whose guest has escaped and runs native code: with every layer, with each alone, and with none.

mod stage;

use visiting_evil::ATTEMPTS;
use visiting_jail::Layers;

/// What each layer does to each attempt, as a table for people.
#[test]
#[ignore = "a table to read, not a claim"]
fn matrix() {
    let sets = [
        Layers::UNSAFE_NO_JAIL,
        Layers::CLEAN,
        Layers::USER,
        Layers::NAMESPACES,
        Layers::RLIMITS,
        Layers::PRIVILEGES,
        Layers::LANDLOCK,
        Layers::SECCOMP,
        Layers::NO_NEW_CODE,
        Layers::ALL - Layers::SECCOMP,
        Layers::ALL,
    ];
    for (name, _) in ATTEMPTS.iter().filter(|(name, _)| !["spin", "flood", "flood-stderr"].contains(name)) {
        let came: Vec<_> = sets.into_iter().map(|layers| format!("{:?}", stage::attempt(name, layers))).collect();
        println!("{name}: {}", came.join(" | "));
    }
}
