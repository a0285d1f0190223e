//! Whom a resource is about: numbers out of Patients, references and insurance cards. They go to the linkage unit and nowhere else.
//!
//! Of several numbers the first in the mapping's order wins: the insured number where there is one, because it is the same person in
//! every listing; else the institution's own number together with the institution.

use visiting_linkage::{InsuredForm, insured_form, same_insured};

use super::{
    super::{mapping::IdentityKind, people::IDENTITY_MAX_BYTES},
    bundle::Bundle,
    mapping::{Identity, Mapping, Stands},
    node::Node,
    path::Shape,
    tally::Tally,
};

/// One number of a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Who {
    /// Insured, or of the listing only.
    pub(crate) kind: IdentityKind,
    /// The number, with its institution or system where it needs one.
    pub(crate) number: String,
}

/// A Patient with all its numbers, the best first.
#[derive(Debug, Clone)]
pub(crate) struct Person<'n> {
    /// The resource.
    pub(crate) resource: &'n Node<'n>,
    /// Never empty.
    pub(crate) numbers: Vec<Who>,
}

/// Whom a row is about, and who else that must be.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// Whom.
    pub(crate) who: Who,
    /// The same person by another statement; the linkage unit tells whether that is so.
    pub(crate) also: Option<Who>,
}

const NO_NUMBER: &str = "the Patient has no number that the mapping knows (insured number, or patient number with its institution)";

/// The numbers of a Patient.
pub(crate) fn person<'n>(mapping: &Mapping, patient: &'n Node<'n>, bundle: &Bundle<'n>, tally: &mut Tally) -> Result<Person<'n>, String> {
    let identifiers = match patient.get("identifier") {
        None => &[],
        Some(list) => list.items().ok_or("`identifier` is not a list, as FHIR has it")?,
    };
    let (mut numbers, mut insured) = (Vec::new(), Vec::new());
    for rule in &mapping.identities {
        let mut found = Vec::new();
        match &rule.from {
            Stands::System(_) => found.extend(identifiers.iter().filter_map(|i| number(rule, i, tally))),
            Stands::Parts { .. } => found.extend(pieces(rule, patient, bundle, tally)?),
        }
        if rule.check {
            insured.extend(found.iter().map(|who| who.number.clone()));
        }
        numbers.append(&mut found);
    }
    if numbers.is_empty() {
        return Err(NO_NUMBER.to_owned());
    }
    // Two insured numbers: which of them is the person cannot be known. Another spelling is the same number, and a public payer's or a
    // hospital's number is another name of the same person.
    if insured.windows(2).any(|pair| pair.first().zip(pair.last()).is_some_and(|(a, b)| !same_insured(a, b))) {
        return Err("the Patient has two different insured numbers".to_owned());
    }
    Ok(Person { resource: patient, numbers })
}

/// Whom a resource is about.
pub(crate) fn subject<'n>(
    mapping: &Mapping,
    element: &str,
    resource: &'n Node<'n>,
    bundle: &Bundle<'n>,
    patient: Option<&Person<'n>>,
    tally: &mut Tally,
) -> Result<Subject, String> {
    let reference = match resource.get(element) {
        Some(reference @ Node::Object(_)) => reference,
        Some(_) => return Err(format!("`{element}` is not an object, as FHIR has it")),
        None => return Err("no subject".to_owned()),
    };
    let logical = reference.get("identifier").and_then(|i| logical(mapping, i, tally));
    if reference.get("reference").is_none() {
        let who = logical.ok_or("the subject has neither a reference nor a number that the mapping knows")?;
        return Ok(match patient {
            Some(person) if person.numbers.contains(&who) => Subject { who: best(person)?, also: None },
            Some(person) => Subject { who, also: Some(best(person)?) },
            None => Subject { who, also: None },
        });
    }
    let Some(target) = bundle.follow(reference, resource) else {
        return match (logical, patient) {
            (Some(who), Some(person)) if !person.numbers.contains(&who) => Ok(Subject { who, also: Some(best(person)?) }),
            (Some(_), Some(person)) => Ok(Subject { who: best(person)?, also: None }),
            (Some(who), None) => Ok(Subject { who, also: None }),
            (None, _) => Err("the subject's reference leads to no resource of this document".to_owned()),
        };
    };
    if target.text_of("resourceType") != Some("Patient") {
        return Err("the subject is not a Patient".to_owned());
    }
    let found = match patient {
        Some(person) if std::ptr::eq(person.resource, target) => person.clone(),
        _ => person(mapping, target, bundle, tally)?,
    };
    let who = best(&found)?;
    // Two statements about one subject: a Patient of this Bundle, and a number or a contained Patient.
    let other = logical.filter(|l| !found.numbers.contains(l)).map_or_else(|| patient.map(best).transpose(), |l| Ok(Some(l)))?;
    Ok(Subject { also: other.filter(|o| *o != who), who })
}

fn best(person: &Person<'_>) -> Result<Who, String> {
    person.numbers.first().cloned().ok_or_else(|| NO_NUMBER.to_owned())
}

/// The number in an `Identifier`, by the first rule that knows its system.
fn logical(mapping: &Mapping, identifier: &Node<'_>, tally: &mut Tally) -> Option<Who> {
    mapping.identities.iter().find_map(|rule| number(rule, identifier, tally))
}

fn number(rule: &Identity, identifier: &Node<'_>, tally: &mut Tally) -> Option<Who> {
    let Stands::System(uris) = &rule.from else { return None };
    let system = identifier.text_of("system")?;
    let rest = uris.iter().find_map(|uri| uri.rest(system))?;
    let value = identifier.get("value")?.scalar()?;
    match rule.kind {
        // Numbers of several institutions meet in one listing: without its institution a number says nothing.
        IdentityKind::Local if rest.is_empty() => None,
        IdentityKind::Local => usable(rule, format!("{rest}|{}", value.trim()), value.trim().is_empty(), tally),
        IdentityKind::Insured if rule.check => usable(rule, value.trim().to_owned(), false, tally),
        IdentityKind::Insured => usable(rule, format!("{}:{}", rule.name, value.trim()), value.trim().is_empty(), tally),
    }
}

/// A number in pieces, in a resource that belongs to the Patient.
fn pieces<'n>(rule: &Identity, patient: &'n Node<'n>, bundle: &Bundle<'n>, tally: &mut Tally) -> Result<Vec<Who>, Shape> {
    let Stands::Parts { resource, owner, parts } = &rule.from else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for card in bundle.entries.iter().map(|e| e.resource).filter(|r| r.text_of("resourceType") == Some(resource)) {
        let belongs = owner.find(card, bundle)?.iter().any(|r| bundle.follow(r, card).is_some_and(|p| std::ptr::eq(p, patient)));
        if !belongs {
            continue;
        }
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            let found = part.find(card, bundle)?;
            pieces.push(found.first().and_then(|n| n.scalar()).unwrap_or_default().trim().to_owned());
        }
        // A card of another kind (a voucher for a check-up) has none of the person's own pieces.
        if pieces.iter().skip(1).any(|piece| !piece.is_empty()) {
            out.extend(usable(rule, pieces.join(":"), false, tally));
        }
    }
    out.dedup();
    Ok(out)
}

fn usable(rule: &Identity, number: String, empty: bool, tally: &mut Tally) -> Option<Who> {
    if empty || number.len() > IDENTITY_MAX_BYTES {
        tally.quality("an empty number, or one of more than 256 bytes (not used)");
        return None;
    }
    if rule.check {
        match insured_form(&number) {
            InsuredForm::Sound => {}
            InsuredForm::WrongCheckDigit => tally.quality("an insurer's number with a wrong check digit (used all the same)"),
            InsuredForm::Other => {
                tally.quality("an insured number that is not insurer:symbol:number:branch (not used)");
                return None;
            }
        }
    }
    Some(Who { kind: rule.kind, number })
}
