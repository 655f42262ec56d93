//! The client against a server on 127.0.0.1 that answers as each test tells it.

mod credentials;
mod endpoints;
mod exchange;
mod logs;
mod server;
