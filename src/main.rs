//! The program: arguments, then the window or the headless printer.

fn main() {}
