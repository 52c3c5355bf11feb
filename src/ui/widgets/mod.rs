//! Small things that are drawn rather than written: charts, tiles, icons, switches, cells.

pub mod cell;
pub mod chart;
pub mod controls;
pub mod icon;
pub mod long_chart;
