//! Codes that an AuditEvent speaks in, with the systems that define them. Displays are those of the systems.

use serde_json::{Value, json};

/// A code of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding {
    system: &'static str,
    code: &'static str,
    display: &'static str,
}

impl Coding {
    const fn new(system: &'static str, code: &'static str, display: &'static str) -> Self {
        Self { system, code, display }
    }

    /// As FHIR's Coding.
    pub(crate) fn json(self) -> Value {
        json!({ "system": self.system, "code": self.code, "display": self.display })
    }

    /// As FHIR's CodeableConcept.
    pub(crate) fn concept(self) -> Value {
        json!({ "coding": [self.json()] })
    }
}

const AUDIT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-event-type";
const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const INTERACTION: &str = "http://hl7.org/fhir/restful-interaction";
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
const AUTHZ: &str = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType";
const ENTITY: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const PART: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const SOURCE_TYPE: &str = "http://terminology.hl7.org/CodeSystem/security-source-type";

// What happened.
pub(crate) const REST: Coding = Coding::new(AUDIT_TYPE, "rest", "RESTful Operation");
pub(crate) const CREATE: Coding = Coding::new(INTERACTION, "create", "create");
pub(crate) const READ: Coding = Coding::new(INTERACTION, "read", "read");
pub(crate) const UPDATE: Coding = Coding::new(INTERACTION, "update", "update");
pub(crate) const SEARCH: Coding = Coding::new(INTERACTION, "search", "search");
pub(crate) const OPERATION: Coding = Coding::new(INTERACTION, "operation", "operation");
pub(crate) const APPLICATION_ACTIVITY: Coding = Coding::new(DICOM, "110100", "Application Activity");
pub(crate) const AUDIT_LOG_USED: Coding = Coding::new(DICOM, "110101", "Audit Log Used");
pub(crate) const EXPORT: Coding = Coding::new(DICOM, "110106", "Export");
pub(crate) const IMPORT: Coding = Coding::new(DICOM, "110107", "Import");
pub(crate) const SECURITY_ALERT: Coding = Coding::new(DICOM, "110113", "Security Alert");
pub(crate) const APPLICATION_START: Coding = Coding::new(DICOM, "110120", "Application Start");
pub(crate) const SECURITY_ATTRIBUTES_CHANGED: Coding = Coding::new(DICOM, "110137", "User Security Attributes Changed");
pub(crate) const AUTHZ_ROLE: Coding = Coding::new(AUTHZ, "AuthZ-Role", "Authorization Decision using only Roles");
pub(crate) const ORIGINATE: Coding = Coding::new(LIFECYCLE, "originate", "Originate/Retain Record Lifecycle Event");
pub(crate) const RECEIVE: Coding = Coding::new(LIFECYCLE, "receive", "Receive/Retain Record Lifecycle Event");
pub(crate) const EXTRACT: Coding = Coding::new(LIFECYCLE, "extract", "Extract Record Lifecycle Event");
pub(crate) const PSEUDONYMIZE: Coding = Coding::new(LIFECYCLE, "pseudonymize", "Pseudonymize Record Lifecycle Event");
pub(crate) const DEIDENTIFY: Coding = Coding::new(LIFECYCLE, "deidentify", "De-Identify (Anononymize) Record Lifecycle Event");
pub(crate) const VERIFY: Coding = Coding::new(LIFECYCLE, "verify", "Verify Record Lifecycle Event");
pub(crate) const DESTROY: Coding = Coding::new(LIFECYCLE, "destroy", "Destroy/Delete Record Lifecycle Event");
pub(crate) const DISCLOSE: Coding = Coding::new(LIFECYCLE, "disclose", "Disclose Record Lifecycle Event");

// Who took part.
pub(crate) const APPLICATION: Coding = Coding::new(DICOM, "110150", "Application");
pub(crate) const DESTINATION: Coding = Coding::new(DICOM, "110152", "Destination Role ID");
pub(crate) const SOURCE: Coding = Coding::new(DICOM, "110153", "Source Role ID");
pub(crate) const RECIPIENT: Coding = Coding::new(PART, "IRCP", "information recipient");
pub(crate) const AUTHOR: Coding = Coding::new(PART, "AUT", "author (originator)");
pub(crate) const RESEARCH: Coding = Coding::new(REASON, "HRESCH", "healthcare research");
pub(crate) const APPLICATION_SERVER: Coding = Coding::new(SOURCE_TYPE, "4", "Application Server");

// What it was about.
pub(crate) const SYSTEM_OBJECT: Coding = Coding::new(ENTITY, "2", "System Object");
pub(crate) const OTHER: Coding = Coding::new(ENTITY, "4", "Other");
pub(crate) const REPORT: Coding = Coding::new(ROLE, "3", "Report");
pub(crate) const DOMAIN_RESOURCE: Coding = Coding::new(ROLE, "4", "Domain Resource");
pub(crate) const SECURITY_RESOURCE: Coding = Coding::new(ROLE, "13", "Security Resource");
pub(crate) const JOB: Coding = Coding::new(ROLE, "20", "Job");
pub(crate) const QUERY: Coding = Coding::new(ROLE, "24", "Query");
