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
        labels_tests_and_chances loops_and_jumps receive_timeout_fails receive_timeouts timeout_label_at_the_end
        timers_and_counters init_stanza
    }
    actions {
        arithmetic samples_and_time tests_of_numbers texts url_encoding
        expressions_in_headers expressions_in_messages expressions_in_variables
        failed_checks_elsewhere failed_checks_on_receipt stop_call_everywhere stop_gracefully stop_now
    }
    variables { references users_in_turn variables_of_all_scopes }
    automatic { default_messages }
}
