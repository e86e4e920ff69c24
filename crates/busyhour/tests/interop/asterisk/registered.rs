//! Asterisk as registrar and PBX: two users register, and one process of ours places and takes the calls between them,
//! each INVITE with digest.

use std::fs;
use std::time::Duration;

use super::{Pbx, Setup};
use crate::peers::{Agent, Counts, SOON, Tool, free_port, scenario};

const CALLS: u64 = 200;

const SETUP: Setup<'_> = Setup {
    modules: &[
        "res_pjsip_endpoint_identifier_user",
        "res_pjsip_authenticator_digest",
        "res_pjsip_registrar",
        "res_timing_timerfd",
        "bridge_simple",
        "app_dial",
    ],
    pjsip: "[user](!)\ntype=endpoint\ntransport=udp\ncontext=users\ndisallow=all\nallow=ulaw\ndirect_media=no\n\n\
            [secret](!)\ntype=auth\nauth_type=userpass\n\n\
            [place](!)\ntype=aor\nmax_contacts=1\n\n\
            [alice](user)\nauth=alice\naors=alice\n[alice](secret)\nusername=alice\npassword=alice-secret\n[alice](place)\n\n\
            [bob](user)\nauth=bob\naors=bob\n[bob](secret)\nusername=bob\npassword=bob-secret\n[bob](place)\n",
    extensions: "[users]\nexten => bob,1,Dial(PJSIP/bob,30)\n",
};

#[test]
fn two_hundred_calls_between_registered_users() {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let pbx = Pbx::start(&folder.path().join("asterisk"), &SETUP);
    let users = folder.path().join("users.csv");
    let rows = "SEQUENTIAL\n\
        alice;[authentication username=alice password=alice-secret]\n\
        bob;[authentication username=bob password=bob-secret]\n";
    fs::write(&users, rows).expect("write the users");
    let users = users.display().to_string();
    let own_port = free_port().to_string();

    let (register, domain) = (scenario("register.xml"), format!("127.0.0.1:{}", pbx.port));
    let arguments = [
        "-sf", &register, "-inf", &users, "-key", "domain", &domain, "-key", "expires", "600", "-p",
        &own_port, "-m", "2",
    ];
    let mut registering =
        Agent::client(&folder.path().join("register"), Tool::Busyhour, pbx.port, &arguments);
    let registered = registering.finish(SOON);
    assert_eq!(registered, Counts::all_well(2), "{}{}", registering.process.logs(), pbx.process.logs());

    let (caller, callee) = (scenario("caller_registered.xml"), scenario("callee_registered.xml"));
    let calls = CALLS.to_string();
    let arguments =
        ["-sf", &caller, "-rxsf", &callee, "-p", &own_port, "-r", "50", "-l", "100", "-m", &calls];
    let mut calling = Agent::client(&folder.path().join("call"), Tool::Busyhour, pbx.port, &arguments);
    let placed = calling.finish(Duration::from_secs(60));
    let logs = || format!("{}{}", calling.process.logs(), pbx.process.logs());
    assert_eq!((placed.exit, placed.successful, placed.failed), (0, CALLS, 0), "{}", logs());
    pbx.wait_until_idle(CALLS);
}
