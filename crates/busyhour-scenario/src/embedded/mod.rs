//! The embedded scenarios (spec-scenario §11, spec-3.8 G): files of their own, so that each runs unchanged when printed
//! into one.

/// Name, title and text of each.
const SCENARIOS: &[(&str, &str, &str)] = &[
    ("uac", "Basic Sipstone UAC", include_str!("uac.xml")),
    ("uas", "Basic UAS responder", include_str!("uas.xml")),
    ("regexp", "Client with regexp scenario", include_str!("regexp.xml")),
    ("3pcc-C-A", "3PCC Controller - A side", include_str!("3pcc-C-A.xml")),
    ("3pcc-C-B", "3PCC Controller - B side", include_str!("3pcc-C-B.xml")),
    ("3pcc-A", "3PCC A side", include_str!("3pcc-A.xml")),
    ("3pcc-B", "3PCC B side", include_str!("3pcc-B.xml")),
    ("branchc", "branch_client", include_str!("branchc.xml")),
    ("branchs", "branch_server", include_str!("branchs.xml")),
    ("uac_pcap", "UAC with media", include_str!("uac_pcap.xml")),
    ("ooc_default", "Out-of-call UAS", include_str!("ooc_default.xml")),
    ("ooc_dummy", "Out-of-call UAS", include_str!("ooc_dummy.xml")),
];

/// The text of an embedded scenario.
pub fn embedded(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _, _)| *known == name).map(|(_, _, text)| *text)
}

/// Name and title of all embedded scenarios.
pub fn embedded_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCENARIOS.iter().map(|(name, title, _)| (*name, *title))
}
