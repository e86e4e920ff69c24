//! The embedded scenarios (spec-scenario §11, spec-3.8 G): files of their own, so that each runs unchanged when printed
//! into one.

/// Name, title and text of each.
const SCENARIOS: &[(&str, &str, &str)] = &[
    ("uac", "Basic Sipstone UAC", include_str!("uac.xml")),
    ("uas", "Basic UAS responder", include_str!("uas.xml")),
    ("regexp", "Client with regexp scenario", include_str!("regexp.xml")),
    ("branchc", "branch_client", include_str!("branchc.xml")),
    ("branchs", "branch_server", include_str!("branchs.xml")),
    ("ooc_default", "Out-of-call UAS", include_str!("ooc_default.xml")),
    ("ooc_dummy", "ooc_dummy", include_str!("ooc_dummy.xml")),
];

/// The text of an embedded scenario.
pub fn embedded(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _, _)| *known == name).map(|(_, _, text)| *text)
}

/// Name and title of all embedded scenarios.
pub fn embedded_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCENARIOS.iter().map(|(name, title, _)| (*name, *title))
}
