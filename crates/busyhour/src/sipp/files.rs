//! The files of a run: message trace, error log, log actions, statistics. Formats are `busyhour_report`'s; names and writing are here.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use busyhour_engine::{Event, Snapshot};
use busyhour_report::clock::Clock;
use busyhour_report::sipp::Context;
use busyhour_report::sipp::error_summary::ErrorSummary;
use busyhour_report::sipp::stat_file::{self, Form};
use busyhour_report::trace;

use super::compat;
use super::settings::{RunPlan, Trace};
use crate::exit::Fatal;

/// Bytes gathered before they are written, and most that are ever held.
const GATHERED_MAX: usize = 1 << 20;

/// The files, and what of the errors goes to stderr at the end.
#[derive(Debug)]
pub(crate) struct Files {
    clock: Clock,
    /// Wall clock at the start of the run, µs since 1970.
    start_us: u64,
    messages: Option<LogFile>,
    errors: ErrorLog,
    logs: Option<LogFile>,
    statistics: Option<LogFile>,
    /// `-stat_delimiter`.
    delimiter: String,
    /// `-compat 3.6`, `-compat 3.7`.
    plain_repartition: bool,
    /// Snapshot of the last statistics row.
    last_row: Option<Snapshot>,
    summary: ErrorSummary,
    screen_trouble: Option<String>,
}

impl Files {
    /// Opens what the plan wants from the start; the error log waits for the first error.
    pub(crate) fn open(plan: &RunPlan, base_name: &str) -> Result<Files, Fatal> {
        let name = |trace: &Trace, ending: &str| {
            trace
                .file
                .clone()
                .unwrap_or_else(|| PathBuf::from(format!("{base_name}_{}_{ending}", std::process::id())))
        };
        let open = |trace: &Option<Trace>, ending: &str| {
            trace
                .as_ref()
                .map(|trace| {
                    let path = name(trace, ending);
                    LogFile::create(&path).map_err(|error| unable_to_create(&path, &error))
                })
                .transpose()
        };
        let errors = match &plan.errors {
            Some(trace) => ErrorLog::Wanted(name(trace, "errors.log")),
            None => ErrorLog::NotWanted,
        };
        Ok(Files {
            clock: Clock::default(),
            start_us: 0,
            messages: open(&plan.messages, "messages.log")?,
            errors,
            logs: open(&plan.logs, "logs.log")?,
            statistics: open(&plan.statistics, ".csv")?,
            delimiter: plan.delimiter.clone(),
            plain_repartition: compat::plain_repartition(plan.compat),
            last_row: None,
            summary: ErrorSummary::default(),
            screen_trouble: None,
        })
    }

    /// Tells the form of times, and when the run's time began, in µs since 1970; to be called before the first event.
    pub(crate) fn begin(&mut self, clock: Clock, start_us: u64) {
        self.clock = clock;
        self.start_us = start_us;
    }

    /// Writes an event down. Says nothing about those that are not for files.
    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Message { at, direction, protocol, bytes } => {
                let us = self.start_us.saturating_add(at.as_micros());
                if let Some(file) = &mut self.messages {
                    trace::messages::record(
                        &mut file.gathered,
                        &self.clock,
                        us,
                        *direction,
                        *protocol,
                        bytes,
                    );
                    file.write_if_large();
                }
            }
            Event::Command { at, direction, bytes } => {
                let us = self.start_us.saturating_add(at.as_micros());
                if let Some(file) = &mut self.messages {
                    trace::messages::record_command(&mut file.gathered, &self.clock, us, *direction, bytes);
                    file.write_if_large();
                }
            }
            Event::VoluntaryLoss { at } => {
                let us = self.start_us.saturating_add(at.as_micros());
                if let Some(file) = &mut self.messages {
                    trace::messages::voluntary_loss(&mut file.gathered, &self.clock, us);
                }
            }
            Event::Log { text } => {
                if let Some(file) = &mut self.logs {
                    trace::logs::record(&mut file.gathered, text);
                    file.write_if_large();
                }
            }
            Event::Warning { at, text } => self.error(at.as_micros(), text),
            Event::Stop { at, text: Some(text), .. } => self.error(at.as_micros(), text),
            _ => {}
        }
    }

    /// Notes a warning or error so many µs after the start.
    pub(crate) fn error(&mut self, at_us: u64, text: &[u8]) {
        let us = self.start_us.saturating_add(at_us);
        self.summary.note(&self.clock, us, text);
        if let Some(file) = self.errors.file() {
            trace::errors::record(&mut file.gathered, &self.clock, us, text);
            file.write_if_large();
        }
    }

    /// Adds a row to the statistics file.
    pub(crate) fn statistics_row(&mut self, context: &Context<'_>, now: &Snapshot) {
        let Some(file) = &mut self.statistics else { return };
        let form = Form { delimiter: &self.delimiter, plain_repartition: self.plain_repartition };
        let previous = match &self.last_row {
            Some(previous) => previous,
            None => {
                let header = stat_file::header(context.program, form);
                file.gathered.extend_from_slice(header.as_bytes());
                now
            }
        };
        let row = stat_file::row(context, now, previous, form);
        file.gathered.extend_from_slice(row.as_bytes());
        file.write();
        self.last_row = Some(now.clone());
    }

    /// Adds screens to the screen file (SIGUSR2). SIPp starts that file anew each time, which loses the ones before.
    pub(crate) fn screens(&mut self, base_name: &str, text: &str) {
        let path = format!("{base_name}_{}_screen.log", std::process::id());
        let written = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        if let Err(error) = written {
            self.screen_trouble = Some(format!("Unable to write '{path}': {error}."));
        }
    }

    /// True if a statistics file is written.
    pub(crate) fn has_statistics(&self) -> bool {
        self.statistics.is_some()
    }

    /// Text of the last error.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.summary.last()
    }

    /// Writes out all that is gathered.
    pub(crate) fn write(&mut self) {
        let files =
            [self.messages.as_mut(), self.logs.as_mut(), self.statistics.as_mut(), self.errors.opened()];
        for file in files.into_iter().flatten() {
            file.write();
        }
    }

    /// What goes to stderr when the run has ended: the last error, and files that could not be written.
    pub(crate) fn closing(&mut self) -> Vec<u8> {
        self.write();
        let log = self.errors.opened().map(|file| file.path.display().to_string());
        let mut text = self.summary.closing(log.as_deref());
        let failed = match &self.errors {
            ErrorLog::Failed(trouble) => Some(trouble),
            ErrorLog::Open(file) => file.trouble.as_ref(),
            _ => None,
        };
        let written = [&self.messages, &self.logs, &self.statistics];
        let troubles = written.into_iter().flatten().filter_map(|file| file.trouble.as_ref());
        for trouble in troubles.chain(failed).chain(&self.screen_trouble) {
            text.extend_from_slice(format!("{trouble}\n").as_bytes());
        }
        text
    }
}

/// `-trace_err`: its file appears with the first error.
#[derive(Debug)]
enum ErrorLog {
    NotWanted,
    Wanted(PathBuf),
    Open(LogFile),
    /// It could not be created.
    Failed(String),
}

impl ErrorLog {
    /// The file, created if this is the first error.
    fn file(&mut self) -> Option<&mut LogFile> {
        if let ErrorLog::Wanted(path) = self {
            *self = match LogFile::create(path) {
                Ok(mut file) => {
                    file.gathered.extend_from_slice(trace::errors::FIRST_LINE);
                    ErrorLog::Open(file)
                }
                Err(error) => ErrorLog::Failed(unable_to_create(path, &error).text),
            };
        }
        self.opened()
    }

    fn opened(&mut self) -> Option<&mut LogFile> {
        match self {
            ErrorLog::Open(file) => Some(file),
            _ => None,
        }
    }
}

/// A file that is written in large pieces. When writing fails, that is kept for the end of the run, and the rest is
/// dropped.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
    gathered: Vec<u8>,
    trouble: Option<String>,
}

impl LogFile {
    fn create(path: &Path) -> io::Result<LogFile> {
        Ok(LogFile { path: path.to_owned(), file: File::create(path)?, gathered: Vec::new(), trouble: None })
    }

    fn write_if_large(&mut self) {
        if self.gathered.len() >= GATHERED_MAX {
            self.write();
        }
    }

    fn write(&mut self) {
        if self.trouble.is_none()
            && let Err(error) = self.file.write_all(&self.gathered)
        {
            self.trouble =
                Some(format!("Unable to write '{}': {error}. It is not complete.", self.path.display()));
        }
        self.gathered.clear();
    }
}

fn unable_to_create(path: &Path, error: &io::Error) -> Fatal {
    Fatal::new(format!(
        "Unable to create '{}': {error}. Choose another name, or go to a directory that can be written.",
        path.display()
    ))
}
