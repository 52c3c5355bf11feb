//! The Mac's own answers: its lists of sockets, and what libproc says of a process.

use std::io;

use libproc::libproc::proc_pid;

use super::pcblist::{self, Socket};
use super::{Facts, System, ffi};
use crate::event::Protocol;

/// This Mac.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mac;

impl System for Mac {
    fn sockets(&mut self, protocol: Protocol) -> io::Result<Vec<Socket>> {
        let Some(name) = pcblist::name(protocol) else { return Ok(Vec::new()) };
        let list = pcblist::read(&ffi::sysctl(name)?);
        // What stands before a damaged place is right, but a list of nothing must not pass for silence.
        if !list.is_whole && list.sockets.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(list.sockets)
    }

    fn facts(&mut self, pid: i32) -> Option<Facts> {
        let info = ffi::short_info(pid)?;
        let command: Vec<u8> =
            info.pbsi_comm.iter().map(|&byte| byte.cast_unsigned()).take_while(|&byte| byte != 0).collect();
        Some(Facts {
            // The path can be had of every process, unlike `proc_name`.
            path: proc_pid::pidpath(pid).ok().filter(|path| !path.is_empty()),
            command: String::from_utf8_lossy(&command).into_owned(),
            uid: info.pbsi_uid,
            parent: i32::try_from(info.pbsi_ppid).unwrap_or(0),
        })
    }
}
