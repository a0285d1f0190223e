//! The client's verbs, as it tells them.

/// What the client prints when it is asked wrongly.
pub const USAGE: &str = "\
visiting client [--as PERSON] VERB …
  login PERSON                                  log in (demo) and keep the token
  find [WORDS]                                  listings
  show LISTING | show APPLICATION               one listing, or one application
  apply FILE.json                               apply; or with flags:
  apply --team P,P --purpose TEXT --column L.T.C … --from YYYYMM --to YYYYMM --days N
  applications                                  applications that you may see
  complete APPLICATION [--deny REMARKS]         reception's finding
  ballot APPLICATION DECISION [--remove L.T.C] [--checkers N]
                                                the text that a vote signs
  vote APPLICATION DECISION [--remove L.T.C] [--checkers N] [--key FILE]
                                                N output checkers (1 or 2) look at each output of the permit
  permits | permit PERMIT                       permits
  remains PERMIT                                what remains of a permit's budgets, and why people look at its outputs
  suspend PERMIT REASON [--key FILE]            the ministry's stop
  close PERMIT REASON [--key FILE]              the ministry ends a permit for good; its extract is erased
  rerun RUN                                     an auditor has a release repeated and compared (visiting audit rerun RUN)
  releases                                      all releases, what a checker wants recalled first, for the ministry
  recall RUN --reason TEXT [--key FILE]         the ministry's recall of a release: its files are given out no more
  recall RUN                                    who has fetched a release
  rules show [PACK | PROPOSAL]                  publication rules in force, their history, what is proposed
  rules propose FILE.toml --reason TEXT [--pack NAME] [--key FILE]
                                                another version of a pack (named like the file, unless --pack says otherwise)
  rules adopt PROPOSAL [--key FILE]             put it in force as the second person
  guest bind PERMIT FILE.wasm --manifest M.toml upload a guest and bind it to the permit
  guest list PERMIT                             guests of a permit
  codes check FILE.csv                          examine a code list here, as the gateway does
  codes bind PERMIT NAME FILE.csv               upload a code list and bind it to the permit as codes.NAME
  codes list PERMIT                             code lists that the permit's SQL can name
  preflight PERMIT SQL                          try on synthetic data: verdict and made-up table, nothing is run
  run PERMIT SQL                                run, wait, print table and verdict
  runs PERMIT                                   runs of a permit
  show RUN                                      how a run stands, and whether its release was recalled
  fetch RUN FILE [--out PATH]                   table.csv, table.parquet or receipt.note
  holds                                         held outputs that wait for output checkers
  hold open RUN [--key FILE.seal]               open what was sealed to you: table, bands, reasons
  hold check RUN release|refuse --reason TEXT [--key FILE.seed]
                                                sign your finding; hidden until all checks are in
  patterns                                      who asked how much and what came of it, for the auditor
  samples                                       releases of the machine that were drawn for a later look
  sample show RUN                               one of them, as it left
  sample look RUN fine|recall --reason TEXT [--key FILE.seed]
                                                sign that it is fine, or ask the ministry for its recall
  log DIR                                       save the published log, for `visiting audit verify`
  log follow [--from N] [--kind K,K] [--lines | --cloudevents] [--once] [--log-key VKEY]
                                                the record as it grows, proved as it comes; goes on where it was
  log audit-events [--from N] [--limit M] [--out PATH]
                                                events as FHIR AuditEvents
  log search [--person P] [--application A] [--permit P] [--run R] [--database D] [--action KIND] [--outcome WORD]
             [--since TIME] [--until TIME] [--after N] [--limit M]
                                                events that fit; times as 2026-11-21T09:00:00+09:00 or milliseconds
  log sql SELECT …                              one SELECT over the record (docs/audit.md), printed as CSV
  log timeline ID [--after N]                   the course of an application, permit, run, incident or person
  log ocsf [--from N] [--limit M] [--out PATH]  events as OCSF, one a line
  log case ID [--out PATH]                      a case file: leaves and proofs, for `visiting audit case`
  log incidents | log incident show INCIDENT    incidents
  log incident note KIND SEVERITY --leaves N,N --text TEXT
                                                KIND: disclosure, unauthorised_access, misuse, probing, integrity,
                                                availability, other; SEVERITY: low, medium, high, critical
  log incident close INCIDENT --text TEXT       say what came of it, once
DECISION is approve, reject or return. --as defaults to the last login.
exit codes: 0 done, 1 refused, 2 usage; of log follow as visiting audit: 10 signature, 11 root, 12 consistency, 13 meaning";
