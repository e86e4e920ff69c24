//! Every option of this version is accepted, with one dash and with two.

use crate::program::sipp;

/// Options with a value each that changes nothing about a server nobody calls.
const OPTIONS: &[&str] = &[
    "-key name value -key other value -s user -au user -ap secret -r 5 -rp 2s -d 100",
    "-rate_increase 5 -rate_interval 10 -rate_max 50 -no_rate_quit -rate_scale 2 -l 10 -m 10",
    "-users 5 -base_cseq 5 -cid_str %u@%s -cid_type uuid-compact -callid_slash_ign -pause_msg_ign",
    "-t un -max_socket 100 -bind_local -skip_rlimit -buff_size 100000 -nostdin",
    "-t t1 -recv_timeout 5s -send_timeout 5s -timeout_error -T2 2000",
    "-t tn -max_socket 100 -nr -max_retrans 5 -max_invite_retrans 5 -max_non_invite_retrans 5",
    "-t u1 -lost 1.5 -aa -default_behaviors all,-bye -nd -deadcall_wait 1s -rtcheck loose",
    "-rsa 127.0.0.1:5061 -f 2 -fd 2 -stf x.csv -message_file x.log -error_file y.log -log_file z.log -sleep 10ms",
    "-auth_uri x -dynamicStart 1 -dynamicMax 9 -dynamicStep 2 -tdmmap {0-1}{9}{1-2}{1-31} -rfc3339 -stat_delimiter ,",
    "-mi 127.0.0.1 -mp 7000 -max_rtp_port 8000 -compat 3.7",
    "-rtp_payload 0 -rtp_buffsize 100000 -audiotolerance 0.5 -videotolerance 1 -random_base_ssrc -no_rtcp",
    "-rtp_threadtasks 20 -mb 4096 -rtpcheck_debug -srtpcheck_debug -media_threads 2",
    "-min_rtp_port 7000 -compat 3.6 -ip_field 1",
    "-workers 2 -seed 7 -trace_stat -trace_msg -trace_err -trace_logs",
    "-timer_resol 10 -max_recv_loops 10 -max_sched_loops 10 -watchdog_interval 400 -periodic_rtd",
    "-watchdog_minor_threshold 500 -watchdog_major_threshold 3000 -watchdog_reset 600000",
    "-watchdog_minor_maxtriggers 120 -watchdog_major_maxtriggers -1 -sendbuffer_warn true",
];

#[test]
fn all_are_accepted() {
    for line in OPTIONS {
        let double = line.replace(" -", " --").replace("--1", "-1");
        for line in [*line, double.as_str()] {
            let outcome = sipp(&format!("-sn uas -i 127.0.0.1 -p 0 {line} -timeout 50ms"));
            let expected = if line.contains("timeout_error") { 255 } else { 97 };
            assert_eq!(outcome.status, expected, "{line}: {outcome:?}");
            assert!(outcome.stdout.contains("Test Terminated"), "{line}: {outcome:?}");
        }
    }
}
