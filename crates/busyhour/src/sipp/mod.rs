//! SIPp's command line.

mod help;
mod later;
mod options;
mod parse;
mod row;
mod settings;
mod table;
mod values;
mod words;
