//! Named transactions of a client (spec-scenario §3.4).

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
    started: bool,
    answered: bool,
    acknowledged: Option<Range<usize>>,
}

/// What a step does to a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Starts it, by an INVITE or by another request.
    Start {
        /// By an INVITE.
        invite: bool,
    },
    /// Receives its response.
    Response,
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
                    started: false,
                    answered: false,
                    acknowledged: None,
                });
                id
            }
        };
        let named = &mut self.list[usize::from(id)];
        match part {
            Part::Start { invite } => {
                named.started = true;
                named.transaction.invite |= invite;
            }
            Part::Response => named.answered = true,
            Part::Ack => named.acknowledged = Some(span),
        }
        Some(id)
    }

    /// Reports transactions that are not started, never answered, or acknowledged as they must not be.
    pub(crate) fn check(&self, findings: &mut Findings) {
        for named in &self.list {
            let name = &named.transaction.name;
            let invite = named.transaction.invite;
            let report = |findings: &mut Findings, span: &Range<usize>, message: String, help: String| {
                findings.add(codes::TRANSACTION, span.clone(), message, "this transaction", help);
            };
            if !named.started {
                let started = self
                    .list
                    .iter()
                    .filter(|other| other.started)
                    .map(|other| other.transaction.name.as_str());
                let otherwise = format!("add start_txn=\"{name}\" to the send of its request");
                let help = findings.suggest(name, started, &otherwise);
                report(findings, &named.first, format!("Transaction {name} is never started!"), help);
                continue;
            }
            if !named.answered {
                report(
                    findings,
                    &named.first,
                    format!("Transaction {name} has no responses defined!"),
                    format!("add response_txn=\"{name}\" to the recv of its response"),
                );
            }
            match &named.acknowledged {
                None if invite => report(
                    findings,
                    &named.first,
                    format!("no step sends the ACK of the INVITE transaction {name}"),
                    format!("add ack_txn=\"{name}\" to the send of its ACK"),
                ),
                Some(span) if !invite => report(
                    findings,
                    span,
                    format!("Transaction {name} is a non-INVITE transaction with an ACK"),
                    "only an INVITE is acknowledged: remove ack_txn".to_owned(),
                ),
                _ => {}
            }
        }
    }

    /// The transactions.
    pub(crate) fn finish(self) -> Vec<Transaction> {
        self.list.into_iter().map(|named| named.transaction).collect()
    }
}
