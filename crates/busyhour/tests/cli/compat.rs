//! `-compat`, and options that change the form of files.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;

use crate::program::{sipp, sipp_in};

const SCENARIO: &str = "<scenario>
<send start_rtd=\"1\"><![CDATA[
OPTIONS sip:b@[remote_ip] SIP/2.0
Call-ID: [call_id]

]]></send>
<recv response=\"200\" timeout=\"01750\" ontimeout=\"late\"/>
<label id=\"late\"/>
<nop rtd=\"1\"/>
<ResponseTimeRepartition value=\"1500, 3000\"/>
</scenario>
";

fn statistics(folder: &Path, options: &str) -> String {
    fs::write(folder.join("x.xml"), SCENARIO).unwrap();
    let sink = UdpSocket::bind("127.0.0.1:0").unwrap();
    let line = format!(
        "-sf x.xml {} -i 127.0.0.1 -m 1 -r 100 -nr -trace_stat -stf s.csv {options}",
        sink.local_addr().unwrap()
    );
    let outcome = sipp_in(folder, &line);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    fs::read_to_string(folder.join("s.csv")).unwrap()
}

#[test]
fn repartition_columns_by_version() {
    let folder = tempfile::tempdir().unwrap();
    let new = statistics(folder.path(), "");
    assert!(new.contains(";ResponseTimeRepartition1_<1500(P);ResponseTimeRepartition1_<3000(P);"), "{new}");
    assert_eq!(statistics(folder.path(), "-compat 3.8").lines().next(), new.lines().next());
    for version in ["3.6", "3.7"] {
        let old = statistics(folder.path(), &format!("-compat {version}"));
        assert!(old.contains(";ResponseTimeRepartition1_<1500;ResponseTimeRepartition1_<3000;"), "{old}");
        // Octal 1750 are 1000 ms.
        assert!(old.trim_end().ends_with(";;1;0;0;"), "{old}");
    }
    let last: Vec<&str> = new.lines().last().unwrap().split(';').collect();
    assert_eq!(last[last.len() - 4..], ["0", "1", "0", ""], "1750 ms in decimal");
}

#[test]
fn what_can_not_start_exits_by_version() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.xml"), "<scenario>\n<sendd/>\n</scenario>\n").unwrap();
    let lines = [
        "-sf bad.xml 127.0.0.1",
        "-sf missing.xml 127.0.0.1",
        "-sn no_such 127.0.0.1",
        "-sd no_such",
        "-no_such_option",
        "-m x 127.0.0.1",
        "-rp 0 127.0.0.1",
        "-set x y 127.0.0.1",
    ];
    for line in lines {
        for (version, status) in [("3.6", 1), ("3.7", 1), ("3.8", 255)] {
            let outcome = sipp_in(folder.path(), &format!("-compat {version} {line}"));
            assert_eq!(outcome.status, status, "{version} {line}: {outcome:?}");
        }
    }
    let outcome = sipp("-sn uac -compat 3.7");
    assert_eq!(outcome.status, 255, "a missing target is found after the start: {outcome:?}");
    let outcome = sipp("-compat 3.9 127.0.0.1");
    assert!(outcome.stderr.contains("3.6, 3.7 and 3.8"), "{outcome:?}");
}

#[test]
fn times_and_delimiters_of_the_statistics_file() {
    let folder = tempfile::tempdir().unwrap();
    let rows = statistics(folder.path(), "-rfc3339 -stat_delimiter ,");
    let mut lines = rows.lines();
    assert!(lines.next().unwrap().starts_with("StartTime,LastResetTime,CurrentTime,"), "{rows}");
    let time = lines.next().unwrap().split(',').next().unwrap();
    assert!(time.len() >= 27 && time.as_bytes()[10] == b'T' && !time.contains('\t'), "{time}");
}
