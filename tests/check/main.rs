//! `cnninspect check` and `init` from outside: exit code, standard output, standard error.

mod baseline;
mod configurations;
mod documents;
mod folder;
mod formats;
mod gaps;
mod init;
mod rules;
mod verdicts;
