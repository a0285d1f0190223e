//! Every rule pack that a verdict names was in force while it was judged: one of the product's first ones, or one that two people changed.

use std::collections::BTreeMap;

use visiting_policies::{
    handover::RunReport,
    record::{Act, Event},
    rules::{RulePack, genesis},
    sign,
    terms::RulesId,
};

use super::Check;

/// What a verdict's rules call the pack of a listing.
const NAMES: &str = "rule_pack ";

/// Every version of every pack, from which event on.
#[derive(Debug)]
pub(super) struct Packs {
    in_force: BTreeMap<String, Vec<Version>>,
    proposed: BTreeMap<RulesId, (String, Version)>,
    naming: u64,
    silent: u64,
}

#[derive(Debug, Clone)]
struct Version {
    from: u64,
    version: String,
    digest: String,
}

impl Version {
    fn of(text: &str) -> Result<Self, String> {
        let pack = RulePack::read(text).map_err(|refusal| refusal.detail)?;
        Ok(Self { from: 0, version: pack.version, digest: sign::digest(text.as_bytes()) })
    }
}

impl Default for Packs {
    fn default() -> Self {
        let first = |(name, text): (&str, &str)| Some((name.to_owned(), vec![Version::of(text).ok()?]));
        Self { in_force: genesis().filter_map(first).collect(), proposed: BTreeMap::new(), naming: 0, silent: 0 }
    }
}

impl Packs {
    /// `NAME VERSION DIGEST` was in force at some moment from event `asked` to event `judged`.
    fn was_in_force(&self, stated: &str, asked: u64, judged: u64) -> bool {
        let mut words = stated.split(' ');
        let (Some(name), Some(version), Some(digest), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return false;
        };
        let versions = self.in_force.get(name).map(Vec::as_slice).unwrap_or_default();
        let ends = versions.iter().skip(1).map(|next| next.from).chain([u64::MAX]);
        versions.iter().zip(ends).any(|(one, end)| one.version == version && one.digest == digest && one.from <= judged && end > asked)
    }

    fn judge(&mut self, index: u64, report: &RunReport) -> Result<(), String> {
        let mut named = report.rules.iter().filter(|(rule, _)| rule.starts_with(NAMES)).peekable();
        let silent = named.peek().is_none();
        let (from, to) = match report.judged_by.checked_sub(1) {
            // A verdict of an earlier build does not say by which events it was judged: by some between its request and itself.
            None => (report.index, index),
            Some(last) if (report.index..index).contains(&last) => (last, last),
            Some(_) => {
                return Err(format!("the verdict on {} says that it was judged before its request, or by what came after it", report.run));
            }
        };
        if let Some((_, stated)) = named.find(|(_, stated)| !self.was_in_force(stated, from, to)) {
            return Err(format!("the verdict on {} names `{stated}`, which was not in force", report.run));
        }
        *(if silent { &mut self.silent } else { &mut self.naming }) += 1;
        Ok(())
    }
}

impl Check for Packs {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn look(&mut self, index: u64, event: &Event) -> Result<(), String> {
        match &event.act {
            Act::RulesProposed { proposal, text, .. } => {
                self.proposed.insert(proposal.id(), (proposal.pack.clone(), Version::of(text)?));
            }
            Act::RulesAdopted { adoption, .. } => {
                let (pack, version) = self.proposed.get(&adoption.rules).cloned().ok_or("rules that nobody proposed")?;
                if version.digest != adoption.digest {
                    return Err("other rules were adopted than were proposed".to_owned());
                }
                self.in_force.entry(pack).or_default().push(Version { from: index, ..version });
            }
            Act::RunJudged { report, .. } => self.judge(index, report)?,
            _ => {}
        }
        Ok(())
    }

    fn told(&self) -> String {
        format!("{} verdicts name rule packs that were in force, {} name none", self.naming, self.silent)
    }
}
