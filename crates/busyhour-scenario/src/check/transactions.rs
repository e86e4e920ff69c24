//! Named transactions, of a client and of a server (spec-scenario §3.4, spec-3.8 A2).

use std::collections::HashMap;
use std::ops::Range;

use crate::check::codes;
use crate::check::findings::Findings;
use crate::program::{Transaction, TransactionId};

/// Transactions in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    list: Vec<Named>,
    ids: HashMap<String, TransactionId>,
}

#[derive(Debug)]
struct Named {
    transaction: Transaction,
    first: Range<usize>,
    /// Its first mention is the INVITE that starts it: SIPp wants an ACK only then.
    begins_with_invite: bool,
    /// By a request that is sent, by one that is received.
    started: (bool, bool),
    response_received: Option<Range<usize>>,
    response_sent: Option<Range<usize>>,
    acknowledged: Option<Range<usize>>,
}

/// What a step does to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Starts it as a client, by an INVITE or by another request.
    SentRequest {
        /// By an INVITE.
        invite: bool,
    },
    /// Starts it as a server.
    ReceivedRequest {
        /// By an INVITE.
        invite: bool,
    },
    /// Receives its response.
    ReceivedResponse,
    /// Sends its response.
    SentResponse,
    /// Acknowledges it.
    Ack,
}

impl Transactions {
    /// Notes a mention; `None` if the name is not one or there are too many.
    pub(crate) fn mention(
        &mut self,
        name: &str,
        part: Part,
        span: Range<usize>,
        findings: &mut Findings,
    ) -> Option<TransactionId> {
        if name.is_empty() || name.contains(['$', ',']) {
            findings.add(
                codes::BAD_NAME,
                span,
                format!("'{name}' is not a name for a transaction"),
                "this name",
                "a name is not empty and holds no $ and no comma",
            );
            return None;
        }
        let id = match self.ids.get(name) {
            Some(id) => *id,
            None => {
                let Ok(id) = TransactionId::try_from(self.list.len()) else {
                    let message = "more than 65536 transactions";
                    findings.add(codes::TOO_MANY, span, message, "one too many", "use fewer");
                    return None;
                };
                self.ids.insert(name.to_owned(), id);
                self.list.push(Named {
                    transaction: Transaction { name: name.to_owned(), invite: false, server: false },
                    first: span.clone(),
                    begins_with_invite: part == Part::SentRequest { invite: true },
                    started: (false, false),
                    response_received: None,
                    response_sent: None,
                    acknowledged: None,
                });
                id
            }
        };
        let named = &mut self.list[usize::from(id)];
        match part {
            Part::SentRequest { invite } => {
                named.started.0 = true;
                named.transaction.invite |= invite;
            }
            Part::ReceivedRequest { invite } => {
                named.started.1 = true;
                named.transaction.invite |= invite;
                named.transaction.server = true;
            }
            Part::ReceivedResponse => named.response_received = Some(span),
            Part::SentResponse => named.response_sent = Some(span),
            Part::Ack => named.acknowledged = Some(span),
        }
        Some(id)
    }

    /// Reports transactions that are not started, never answered, or acknowledged as they must not be.
    pub(crate) fn check(&self, findings: &mut Findings) {
        for named in &self.list {
            match named.started {
                (false, false) => self.never_started(named, findings),
                (true, false) => named.check_client(findings),
                (false, true) => named.check_server(findings),
                (true, true) => {
                    let name = &named.transaction.name;
                    report(
                        findings,
                        &named.first,
                        format!("Transaction {name} is started by both a sent and a received message"),
                        "give each of the two a name of its own".to_owned(),
                    );
                }
            }
        }
    }

    /// The transactions.
    pub(crate) fn finish(self) -> Vec<Transaction> {
        self.list.into_iter().map(|named| named.transaction).collect()
    }

    fn never_started(&self, named: &Named, findings: &mut Findings) {
        let name = &named.transaction.name;
        let started = self
            .list
            .iter()
            .filter(|other| other.started != (false, false))
            .map(|other| other.transaction.name.as_str());
        let step = if named.response_sent.is_some() { "recv" } else { "send" };
        let otherwise = format!("add start_txn=\"{name}\" to the {step} of its request");
        let help = findings.suggest(name, started, &otherwise);
        report(findings, &named.first, format!("Transaction {name} is never started!"), help);
    }
}

impl Named {
    /// Checks one that is started by sent requests.
    fn check_client(&self, findings: &mut Findings) {
        let name = &self.transaction.name;
        if let Some(span) = &self.response_sent {
            report(
                findings,
                span,
                format!("Transaction {name} is started by a sent request: it takes no sent responses!"),
                "start_txn on the recv of a request starts one that is answered by responses we send"
                    .to_owned(),
            );
        } else if self.response_received.is_none() {
            report(
                findings,
                &self.first,
                format!("Transaction {name} has no responses defined!"),
                format!("add response_txn=\"{name}\" to the recv of its response"),
            );
        }
        match &self.acknowledged {
            None if self.begins_with_invite => report(
                findings,
                &self.first,
                format!("Transaction {name} is an INVITE transaction without an ACK!"),
                format!("add ack_txn=\"{name}\" to the send of its ACK"),
            ),
            Some(span) if !self.transaction.invite => report(
                findings,
                span,
                format!("Transaction {name} is a non-INVITE transaction with an ACK!"),
                "only an INVITE is acknowledged: remove ack_txn".to_owned(),
            ),
            _ => {}
        }
    }

    /// Checks one that is started by received requests.
    fn check_server(&self, findings: &mut Findings) {
        let name = &self.transaction.name;
        if self.response_sent.is_none() {
            report(
                findings,
                &self.first,
                format!("Transaction {name} has no responses defined!"),
                format!("add response_txn=\"{name}\" to the send of its response"),
            );
        }
        for span in [&self.response_received, &self.acknowledged].into_iter().flatten() {
            report(
                findings,
                span,
                format!(
                    "Transaction {name} is started by a received request: it takes no received responses or ACK!"
                ),
                "remove it: we send the responses of this transaction".to_owned(),
            );
        }
    }
}

fn report(findings: &mut Findings, span: &Range<usize>, message: String, help: String) {
    findings.add(codes::TRANSACTION, span.clone(), message, "this transaction", help);
}
