//! Landlock: how far the worker reaches, which is nowhere. Of its own it works without namespaces, and stands where they have a fault.

use landlock::{ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetError, Scope};

/// What the kernel must have: files, TCP, and signals and abstract sockets of others.
const AT_LEAST: ABI = ABI::V6;
/// What it is asked for besides, where it has it: the newest that the library knows.
const WHERE_OFFERED: ABI = ABI::V10;

pub(crate) fn nothing() -> Result<(), RulesetError> {
    // No rule follows: what is handled is denied.
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WHERE_OFFERED))?
        .handle_access(AccessNet::from_all(WHERE_OFFERED))?
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(AT_LEAST))?
        .handle_access(AccessNet::from_all(AT_LEAST))?
        .scope(Scope::from_all(AT_LEAST))?
        .create()?
        .restrict_self()
        .map(drop)
}
