//! The engine as a whole: events in, orders out, in their order. Time is a number.

mod anywhere;
mod beats;
mod begin;
mod bench;
mod delays;
mod election;
mod faults;
mod firewall;
mod flood;
mod groups;
mod heal;
mod holds;
mod invalid;
mod ipvlan;
mod kernel;
mod let_go;
mod life;
mod many;
mod mutated;
mod owners;
mod pause;
mod random;
mod reload;
mod seals;
mod session;
mod states;
