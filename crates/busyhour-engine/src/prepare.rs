//! Programs made ready for one worker: expressions compiled, automatic messages chosen, and every keyword that is the
//! same for all calls turned into text.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use busyhour_scenario::program::{
    Action, DefaultMessage, Expect, Program, Role, Scope, SendStart, StepKind, Variable,
};
use busyhour_scenario::regex::{Pattern, Regex};
use busyhour_scenario::template::{CryptoPart, Keyword, Piece, Template};

use crate::automatic;
use crate::injection::FieldFiles;
use crate::kept::Layout;
use crate::media;
use crate::render;
use crate::settings::Settings;
use crate::shared::Shared;

/// A program and what this worker has made of it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) program: Arc<Program>,
    pub(crate) layout: Layout,
    /// One for each step; empty where the step sends nothing.
    pub(crate) messages: Vec<Message>,
    pub(crate) automatic: HashMap<automatic::Kind, Message>,
    /// Of `recv` steps with `regexp_match`.
    pub(crate) expected: Vec<Option<RefCell<Regex>>>,
    /// By step and position of the action.
    pub(crate) eregs: Eregs,
    /// Same for the `<init>` steps.
    pub(crate) init_eregs: Eregs,
    /// Its injection files.
    pub(crate) fields: FieldFiles,
    /// What its calls need of media.
    pub(crate) media: media::Plan,
    /// Places of this program's global and user variables among the shared ones.
    globals: Vec<usize>,
    users: Vec<usize>,
    /// A timer is started somewhere (or there are more than fit a mask), so calls keep a table of starts.
    pub(crate) has_timer_table: bool,
}

/// Compiled expressions by step and position of the action. Matching needs them exclusively.
pub(crate) type Eregs = HashMap<(u32, usize), RefCell<Regex>>;

/// A message template, ready.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) template: Template,
    /// Rendering it again for the same call and step gives the same bytes, whatever happened in between.
    pub(crate) stable: bool,
    /// The same, as long as the peer's tag does not change.
    pub(crate) stable_but_tag: bool,
    pub(crate) is_invite: bool,
    pub(crate) is_ack: bool,
    pub(crate) is_response: bool,
    /// A request other than ACK and CANCEL: it raises the call's CSeq.
    pub(crate) raises_cseq: bool,
    /// A request whose SDP is always an offer (RFC 3264, RFC 3311).
    pub(crate) begins_offer: bool,
    /// What must be there before it is rendered; most messages need nothing.
    pub(crate) needs: Box<[media::Need]>,
}

impl Prepared {
    pub(crate) fn new(program: &Arc<Program>, settings: &Settings, shared: &Shared) -> Prepared {
        let fields = FieldFiles::new(program, shared);
        let media = media::Plan::new(program, settings);
        let shared = shared.values();
        let places = |scope, names: &[String]| names.iter().map(|name| shared.place(scope, name)).collect();
        Prepared {
            layout: Layout::new(program),
            messages: program
                .steps
                .iter()
                .map(|step| Message::of_step(&step.kind, program, settings, &fields, &media))
                .collect(),
            automatic: automatic::Kind::ALL
                .map(|kind| (kind, automatic_message(kind, program, settings, &fields, &media)))
                .into(),
            expected: program.steps.iter().map(|step| expected(&step.kind)).collect(),
            eregs: eregs(&program.steps),
            init_eregs: eregs(&program.init),
            fields,
            media,
            globals: places(Scope::Global, &program.variables.global),
            users: places(Scope::User, &program.variables.user),
            has_timer_table: program.timers.len() > 64
                || program.steps.iter().any(|step| !step.start_timers.is_empty()),
            program: Arc::clone(program),
        }
    }

    /// Place of a variable that outlives calls among the shared ones.
    pub(crate) fn place(&self, variable: Variable) -> usize {
        let places = if variable.scope == Scope::User { &self.users } else { &self.globals };
        places.get(variable.slot as usize).copied().unwrap_or(usize::MAX)
    }
}

impl Message {
    fn of_step(
        kind: &StepKind,
        program: &Program,
        settings: &Settings,
        fields: &FieldFiles,
        media: &media::Plan,
    ) -> Message {
        match kind {
            StepKind::Send(send) => {
                Message::new(&send.template, &send.start, program, settings, fields, media)
            }
            _ => Message::default(),
        }
    }

    fn new(
        template: &Template,
        start: &SendStart,
        program: &Program,
        settings: &Settings,
        fields: &FieldFiles,
        media: &media::Plan,
    ) -> Message {
        // Shared ports become plain digits below.
        let needs = media::needs(template, media);
        let template = fold(template, program, settings);
        let keywords = || {
            template.pieces.iter().filter_map(|piece| match piece {
                Piece::Keyword(keyword) => Some(keyword),
                Piece::Literal(_) => None,
            })
        };
        let is_stable = |keyword: &Keyword| is_stable(keyword, program) || fields.is_stable(keyword);
        let stable_but_tag =
            keywords().all(|keyword| is_stable(keyword) || *keyword == Keyword::PeerTagParam);
        let stable = stable_but_tag && keywords().all(|keyword| *keyword != Keyword::PeerTagParam);
        let method = match start {
            SendStart::Request(method) => method.as_str(),
            SendStart::Response(_) => "",
        };
        Message {
            stable,
            stable_but_tag,
            is_invite: method == "INVITE",
            is_ack: method == "ACK",
            is_response: matches!(start, SendStart::Response(_)),
            raises_cseq: !matches!(method, "" | "ACK" | "CANCEL"),
            begins_offer: matches!(method, "INVITE" | "UPDATE"),
            needs,
            template,
        }
    }
}

fn automatic_message(
    kind: automatic::Kind,
    program: &Program,
    settings: &Settings,
    fields: &FieldFiles,
    media: &media::Plan,
) -> Message {
    let (id, template, start) = kind.description();
    let replaced = program.default_messages.iter().find(|(of, _)| *of == id).map(|(_, template)| template);
    debug_assert!(id != DefaultMessage::Ack2, "never sent (spec-engine §8)");
    Message::new(replaced.unwrap_or(&template), &start, program, settings, fields, media)
}

fn expected(kind: &StepKind) -> Option<RefCell<Regex>> {
    match kind {
        StepKind::Recv(recv) => match &recv.expect {
            Expect::RequestMatching(pattern) | Expect::ResponseMatching(pattern) => compiled(pattern),
            _ => None,
        },
        _ => None,
    }
}

fn eregs(steps: &[busyhour_scenario::program::Step]) -> Eregs {
    let mut compiled_eregs = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        for (at, action) in step.actions.iter().enumerate() {
            if let Action::Ereg(ereg) = action
                && let Some(regex) = compiled(&ereg.pattern)
            {
                compiled_eregs.insert((index as u32, at), regex);
            }
        }
    }
    compiled_eregs
}

/// A `Pattern` is known to compile, so only exhausted memory gives `None`: the action then never matches.
fn compiled(pattern: &Pattern) -> Option<RefCell<Regex>> {
    Regex::new(pattern).ok().map(RefCell::new)
}

/// Turns keywords whose value all calls share into text.
fn fold(template: &Template, program: &Program, settings: &Settings) -> Template {
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in &template.pieces {
        let piece = match piece {
            Piece::Keyword(keyword) => match constant(keyword, program, settings) {
                Some(text) => Piece::Literal(text),
                None => piece.clone(),
            },
            Piece::Literal(_) => piece.clone(),
        };
        match (pieces.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(bytes)) => before.extend_from_slice(&bytes),
            (_, piece) => pieces.push(piece),
        }
    }
    Template { pieces }
}

fn constant(keyword: &Keyword, program: &Program, settings: &Settings) -> Option<Vec<u8>> {
    let fixed_remote = || settings.remote.filter(|_| program.sending == Role::Client);
    let mut text = Vec::new();
    match keyword {
        Keyword::RemoteIp => render::ip(fixed_remote()?.ip(), &mut text),
        Keyword::RemotePort(offset) => {
            render::number(i64::from(fixed_remote()?.port()) + i64::from(*offset), &mut text);
        }
        Keyword::LocalPort(offset) if !settings.socket_per_call => {
            render::number(i64::from(settings.local_port) + i64::from(*offset), &mut text);
        }
        // But for keys, they are the same wherever they stand. A key is not: another may be made before a repetition.
        Keyword::Crypto(crypto) if !matches!(crypto.part, CryptoPart::KeyParams { .. }) => {
            media::append_crypto_word(crypto, &mut text);
        }
        keyword => return render::of_settings(keyword, settings, &mut text).then_some(text),
    }
    Some(text)
}

/// True if calls may send to another place, or from another port, in their course.
fn changes_path(program: &Program) -> bool {
    let actions = || program.steps.iter().flat_map(|step| &step.actions);
    actions().any(|action| matches!(action, Action::SetDestination { .. } | Action::CloseConnection))
}

fn is_stable(keyword: &Keyword, program: &Program) -> bool {
    if matches!(keyword, Keyword::RemoteIp | Keyword::RemotePort(_) | Keyword::LocalPort(_)) {
        return !changes_path(program);
    }
    matches!(
        keyword,
        Keyword::RemoteHost
            | Keyword::LocalIp
            | Keyword::AutoMediaPort(..)
            | Keyword::RtpStreamPort(..)
            | Keyword::CallId
            | Keyword::CallNumber
            | Keyword::Branch(_)
            | Keyword::MsgIndex
            | Keyword::Len(_)
            | Keyword::UserId
    )
}
