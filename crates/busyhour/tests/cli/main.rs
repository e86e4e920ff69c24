//! The program as a user meets it: its command lines, exit statuses, files and signals.

mod bad_media;
mod caller;
mod check;
mod compat;
mod demo;
mod effects;
mod errands;
mod errors;
mod injection;
mod media;
mod media_effects;
mod media_files;
mod media_guide;
mod mixed;
mod options;
mod program;
mod runs;
mod told;
