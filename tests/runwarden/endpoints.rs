//! Every endpoint of the client, against the simulated GitHub.
