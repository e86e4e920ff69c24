//! Calls to an extension: answered, held a second, hung up, and nothing left behind.

use std::time::Duration;

use super::{Pbx, Setup};
use crate::peers::{Agent, Counts, Tool};

const CALLS: u64 = 1000;

const SETUP: Setup<'_> = Setup {
    modules: &["res_pjsip_endpoint_identifier_ip"],
    pjsip: "[caller]\ntype=endpoint\ntransport=udp\ncontext=incoming\ndisallow=all\nallow=ulaw\n\n\
            [caller-address]\ntype=identify\nendpoint=caller\nmatch=127.0.0.1\n",
    extensions: "[incoming]\nexten => service,1,Answer()\n same => n,Wait(60)\n",
};

#[test]
fn a_thousand_calls_leave_no_channel() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let pbx = Pbx::start(&folder.path().join("asterisk"), &SETUP);
    let calls = CALLS.to_string();
    let arguments = ["-sn", "uac", "-s", "service", "-d", "1000", "-r", "200", "-m", &calls];
    let mut client = Agent::client(folder.path(), Tool::Busyhour, pbx.port, &arguments);
    let placed = client.finish(Duration::from_secs(60));
    assert_eq!(placed, Counts::all_well(CALLS), "{}{}", client.process.logs(), pbx.process.logs());
    pbx.wait_until_idle(CALLS);
}
