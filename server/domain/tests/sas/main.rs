//! The SAS URL from outside: what is taken, what is said, and that the secret stays one.

mod forms;
mod rules;
mod secrecy;
mod shapes;
