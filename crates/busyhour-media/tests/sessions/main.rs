//! Media threads against each other over a simulated link, in virtual time.

mod any_order;
mod echo;
mod hearing;
mod impairment;
mod link;
mod play;
mod ports;
