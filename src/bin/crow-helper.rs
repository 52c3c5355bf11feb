//! The privileged helper: opens the capture as root, gives root up, meters, and sends events over the pipe.

fn main() {}
