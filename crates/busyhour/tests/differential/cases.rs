//! The cases by group.

use crate::case;
use crate::outcome::compare;

/// Makes a test of each case, and one that no file is forgotten.
macro_rules! cases {
    ($($group:ident { $($name:ident)+ })+) => {
        $(mod $group {
            $(#[test] fn $name() { super::compare(stringify!($name)); })+
        })+

        /// Every file of the folder belongs to a case that is listed here.
        #[test]
        fn all_are_listed() {
            let listed = [$($(stringify!($name)),+),+];
            let files = std::fs::read_dir(case::folder()).expect("list the cases");
            for file in files.flatten().map(|file| file.path()) {
                let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
                assert!(listed.contains(&name), "{} is not listed in cases.rs", file.display());
            }
        }
    };
}

cases! {
    matching {
        basic_call late_response_of_another_method optional_global optional_receives optional_without_advance
        regular_expressions_match repeated_final_responses
    }
    flow {
        init_stanza labels_tests_and_chances loops_and_jumps names_and_looks pauses receive_timeout_fails
        receive_timeouts timeout_label_at_the_end timers_and_counters
    }
    actions {
        arithmetic expressions_in_headers expressions_in_messages expressions_in_variables
        failed_checks_elsewhere failed_checks_on_receipt samples_and_time stop_call_everywhere stop_gracefully
        stop_now tests_of_numbers texts url_encoding
    }
    variables {
        references users_in_turn variables_of_all_scopes
    }
    media {
        keys_in_descriptions media_is_counted ports_in_descriptions ports_of_calls_in_descriptions
    }
    messages {
        call_ids compact_headers escapes_and_offsets fill_and_dynamic_id headers_of_the_last_message lengths
        lines_that_vanish times_of_day times_rfc3339
    }
    dialogs {
        dialog_of_other_steps loose_routes no_routes routes_of_a_server second_dialog_fails
        second_dialog_of_ours second_dialog_of_the_peer sequence_numbers strict_routes
    }
    retransmission {
        invite_is_repeated loose_duplicates no_retransmission provisional_to_other_requests repeats_run_out
        responses_are_repeated two_responses_to_one_request
    }
    unexpected {
        acknowledgement_with_a_wrong_number messages_in_a_pause messages_outside_calls no_default_behaviors
        pause_ignores_messages ping redirection redirection_followed refused_invite refused_register
        stray_requests_at_a_server unexpected_bye unexpected_bye_ignored unexpected_cancel
        unexpected_in_a_dialog unexpected_message_in_a_pause unexpected_messages_have_a_label
        unexpected_request_before_an_answer without_bye_behavior
    }
    automatic {
        automatic_answers_in_a_call automatic_answers_outside_calls default_bye_and_acknowledgement
        default_messages
    }
    transactions {
        client_transactions server_transactions
    }
    digest {
        credentials_are_verified digest_aka digest_auth_int digest_choice digest_from_options
        digest_from_variables digest_md5_auth digest_md5_sess digest_nonce_counts digest_refused digest_sha256
        digest_sha256_sess digest_sha512_256 digest_without_qop
    }
    injection {
        as_many_calls_as_rows credentials_from_rows rows_at_a_server rows_by_chance rows_by_user
        rows_in_sequence rows_looked_up rows_printed rows_without_users
    }
    files {
        commands_are_run commands_decide commands_fail files_in_messages included_files
    }
    runs {
        circuits deadcall_wait limits_and_rates out_of_call_scenario placed_and_received
        received_by_a_scenario
    }
    transports {
        another_destination connection_closed new_connection over_tcp responses_go_to_the_source
        server_over_tcp socket_for_each_call
    }
}
