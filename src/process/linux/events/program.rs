//! The kernel's part of kernel events: four small programs in its own instruction set, assembled here.
//!
//! They only read what the kernel shows of a socket (structures of `include/uapi/linux/bpf.h`, so
//! nothing depends on the kernel's build), change nothing, and let every call and every packet pass:
//! - [`note`] runs in the process that connects a TCP socket or makes a UDP socket, and keeps the
//!   process under the socket's cookie;
//! - [`tell_connection`] runs when a connection has its two ends, before its first packet leaves;
//! - [`tell_datagram`] runs when a packet leaves; for the first one of a UDP socket it tells the same.
//!
//! Instructions: RFC 9669. Registers: r0 result, r1 to r5 arguments, r6 to r9 kept over calls, r10 frame.

/// The length of a record in the ring: [`PROCESS_BYTES`], two addresses of 16 bytes, then
/// family, protocol, local port and remote port, 4 bytes each.
pub(super) const RECORD_BYTES: usize = 72;
/// What is kept for a socket: the process (upper half) and thread, 8 bytes, and the thread's name, 16 bytes.
pub(super) const PROCESS_BYTES: u32 = 24;
/// A socket's cookie.
pub(super) const COOKIE_BYTES: u32 = 8;

/// One instruction as the kernel takes it (`struct bpf_insn`).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    opcode: u8,
    registers: u8,
    offset: i16,
    immediate: i32,
}

/// The maps that the programs share, by descriptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maps {
    /// Cookie to process.
    pub(super) processes: i32,
    /// Where records go.
    pub(super) ring: i32,
}

/// Helpers of the kernel by number (`__BPF_FUNC_MAPPER`).
#[derive(Clone, Copy)]
enum Helper {
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    CurrentProcess = 14,
    CurrentName = 16,
    SocketCookie = 46,
    FullSocket = 95,
    NamespaceCookie = 122,
    RingOutput = 130,
}

// Opcodes (RFC 9669 §3 to §5): 64-bit moves and additions, loads and stores, jumps.
const MOVE: u8 = 0xbf;
const MOVE_NUMBER: u8 = 0xb7;
const ADD_NUMBER: u8 = 0x07;
const LOAD_NUMBER_64: u8 = 0x18;
const LOAD_16: u8 = 0x69;
const LOAD_32: u8 = 0x61;
const LOAD_64: u8 = 0x79;
const STORE_32: u8 = 0x63;
const STORE_64: u8 = 0x7b;
const JUMP_EQUAL_NUMBER: u8 = 0x15;
const JUMP_UNEQUAL_NUMBER: u8 = 0x55;
const JUMP_UNEQUAL: u8 = 0x5d;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;

/// In the source register of [`LOAD_NUMBER_64`]: the number is a map's descriptor.
const MAP: u8 = 1;
const FRAME: u8 = 10;
const CONTEXT: u8 = 6;
const SOCKET: u8 = 7;
const COUNT_OF_ADDRESS_WORDS: i16 = 4;

const TCP: i32 = 6;
const UDP: i32 = 17;
/// `BPF_SOCK_OPS_TCP_CONNECT_CB`: a connection has its ends and is about to send its first packet.
const CONNECTING: i32 = 3;
/// `BPF_RB_NO_WAKEUP`: who reads the ring looks into it by itself.
const NO_WAKE_UP: i32 = 1;

/// Offsets in `struct bpf_sock`.
mod socket {
    pub(super) const FAMILY: i16 = 4;
    pub(super) const PROTOCOL: i16 = 12;
    pub(super) const LOCAL_V4: i16 = 24;
    pub(super) const LOCAL_V6: i16 = 28;
    pub(super) const LOCAL_PORT: i16 = 44;
    pub(super) const REMOTE_PORT: i16 = 48;
    pub(super) const REMOTE_V4: i16 = 52;
    pub(super) const REMOTE_V6: i16 = 56;
}

/// Offset of `protocol` in `struct bpf_sock_addr`, which a connecting socket is shown as.
const ADDRESS_PROTOCOL: i16 = 36;
/// Offset of `sk` in `struct bpf_sock_ops`.
const OPERATION_SOCKET: i16 = 184;
/// Offset of `sk` in `struct __sk_buff`.
const PACKET_SOCKET: i16 = 168;

/// Who is looked at by [`note`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noted {
    /// A TCP socket that connects.
    Connecting,
    /// A UDP socket that is made.
    Made,
}

/// Keeps the current process for a socket of the namespace `namespace`.
pub(super) fn note(noted: Noted, maps: Maps, namespace: u64) -> Vec<Instruction> {
    const KEY: i16 = -32;
    const VALUE: i16 = -24;
    let (at, protocol) = match noted {
        Noted::Connecting => (ADDRESS_PROTOCOL, TCP),
        Noted::Made => (socket::PROTOCOL, UDP),
    };
    let mut code = Assembler::new();
    code.push(LOAD_32, (1, CONTEXT), at, 0);
    code.leave(JUMP_UNEQUAL_NUMBER, (1, 0), protocol);
    code.call_with_context(Helper::NamespaceCookie);
    code.load_number(1, 0, namespace);
    code.leave(JUMP_UNEQUAL, (0, 1), 0);
    code.call_with_context(Helper::SocketCookie);
    code.push(STORE_64, (FRAME, 0), KEY, 0);
    code.call(Helper::CurrentProcess);
    code.push(STORE_64, (FRAME, 0), VALUE, 0);
    code.frame_address(1, VALUE + 8);
    code.push(MOVE_NUMBER, (2, 0), 0, 16);
    code.call(Helper::CurrentName);
    code.load_map(1, maps.processes);
    code.frame_address(2, KEY);
    code.frame_address(3, VALUE);
    code.push(MOVE_NUMBER, (4, 0), 0, 0);
    code.call(Helper::MapUpdate);
    code.finish()
}

/// Tells of a TCP connection whose process was noted.
pub(super) fn tell_connection(maps: Maps) -> Vec<Instruction> {
    let mut code = Assembler::new();
    code.push(LOAD_32, (1, CONTEXT), 0, 0);
    code.leave(JUMP_UNEQUAL_NUMBER, (1, 0), CONNECTING);
    code.push(LOAD_64, (SOCKET, CONTEXT), OPERATION_SOCKET, 0);
    code.leave(JUMP_EQUAL_NUMBER, (SOCKET, 0), 0);
    tell(&mut code, maps);
    code.finish()
}

/// Tells of a UDP socket whose process was noted.
pub(super) fn tell_datagram(maps: Maps) -> Vec<Instruction> {
    let mut code = Assembler::new();
    code.push(LOAD_64, (1, CONTEXT), PACKET_SOCKET, 0);
    code.leave(JUMP_EQUAL_NUMBER, (1, 0), 0);
    code.call(Helper::FullSocket);
    code.leave(JUMP_EQUAL_NUMBER, (0, 0), 0);
    code.push(MOVE, (SOCKET, 0), 0, 0);
    code.push(LOAD_32, (1, SOCKET), socket::PROTOCOL, 0);
    code.leave(JUMP_UNEQUAL_NUMBER, (1, 0), UDP);
    tell(&mut code, maps);
    code.finish()
}

/// Writes the record of the socket in [`SOCKET`] and forgets its process, so that it is told once.
fn tell(code: &mut Assembler, maps: Maps) {
    const RECORD: i16 = -72;
    const KEY: i16 = -80;
    const LOCAL: i16 = RECORD + 24;
    const REMOTE: i16 = RECORD + 40;
    const REST: i16 = RECORD + 56;
    code.call_with_context(Helper::SocketCookie);
    code.push(STORE_64, (FRAME, 0), KEY, 0);
    code.load_map(1, maps.processes);
    code.frame_address(2, KEY);
    code.call(Helper::MapLookup);
    code.leave(JUMP_EQUAL_NUMBER, (0, 0), 0);
    for at in [0, 8, 16] {
        code.push(LOAD_64, (1, 0), at, 0);
        code.push(STORE_64, (FRAME, 1), RECORD + at, 0);
    }
    for word in 0..COUNT_OF_ADDRESS_WORDS {
        // An IPv4 address stands in the first word; its family says so.
        code.push(LOAD_32, (1, SOCKET), socket::LOCAL_V6 + 4 * word, 0);
        code.push(STORE_32, (FRAME, 1), LOCAL + 4 * word, 0);
        code.push(LOAD_32, (1, SOCKET), socket::REMOTE_V6 + 4 * word, 0);
        code.push(STORE_32, (FRAME, 1), REMOTE + 4 * word, 0);
    }
    code.push(LOAD_32, (8, SOCKET), socket::FAMILY, 0);
    code.skip_unless_v4(4);
    code.push(LOAD_32, (1, SOCKET), socket::LOCAL_V4, 0);
    code.push(STORE_32, (FRAME, 1), LOCAL, 0);
    code.push(LOAD_32, (1, SOCKET), socket::REMOTE_V4, 0);
    code.push(STORE_32, (FRAME, 1), REMOTE, 0);
    code.push(STORE_32, (FRAME, 8), REST, 0);
    let fields = [(LOAD_32, socket::PROTOCOL), (LOAD_32, socket::LOCAL_PORT), (LOAD_16, socket::REMOTE_PORT)];
    for (place, (load, field)) in (1..).zip(fields) {
        code.push(load, (1, SOCKET), field, 0);
        code.push(STORE_32, (FRAME, 1), REST + 4 * place, 0);
    }
    code.load_map(1, maps.ring);
    code.frame_address(2, RECORD);
    code.push(MOVE_NUMBER, (3, 0), 0, i32::try_from(RECORD_BYTES).unwrap_or(0));
    code.push(MOVE_NUMBER, (4, 0), 0, NO_WAKE_UP);
    code.call(Helper::RingOutput);
    code.load_map(1, maps.processes);
    code.frame_address(2, KEY);
    code.call(Helper::MapDelete);
}

/// Instructions one after the other, with one common way out.
struct Assembler {
    code: Vec<Instruction>,
    /// Jumps to the way out, whose distance is filled in at the end.
    leaving: Vec<usize>,
}

impl Assembler {
    /// Begins with keeping the context, which calls destroy.
    fn new() -> Self {
        let mut new = Self { code: Vec::new(), leaving: Vec::new() };
        new.push(MOVE, (CONTEXT, 1), 0, 0);
        new
    }

    /// `registers`: destination and source.
    fn push(&mut self, opcode: u8, registers: (u8, u8), offset: i16, immediate: i32) {
        let (destination, source) = registers;
        // The two halves of the byte are bit fields, which follow the byte order.
        let registers =
            if cfg!(target_endian = "big") { destination << 4 | source } else { source << 4 | destination };
        self.code.push(Instruction { opcode, registers, offset, immediate });
    }

    /// Jumps to the way out on a condition.
    fn leave(&mut self, opcode: u8, registers: (u8, u8), immediate: i32) {
        self.leaving.push(self.code.len());
        self.push(opcode, registers, 0, immediate);
    }

    /// Passes over the next `count` instructions unless the family in r8 is IPv4.
    fn skip_unless_v4(&mut self, count: i16) {
        self.push(JUMP_UNEQUAL_NUMBER, (8, 0), count, libc::AF_INET);
    }

    fn call(&mut self, helper: Helper) {
        self.push(CALL, (0, 0), 0, helper as i32);
    }

    fn call_with_context(&mut self, helper: Helper) {
        self.push(MOVE, (1, CONTEXT), 0, 0);
        self.call(helper);
    }

    fn frame_address(&mut self, register: u8, offset: i16) {
        self.push(MOVE, (register, FRAME), 0, 0);
        self.push(ADD_NUMBER, (register, 0), 0, i32::from(offset));
    }

    fn load_map(&mut self, register: u8, descriptor: i32) {
        self.load_number(register, MAP, u64::from(descriptor.cast_unsigned()));
    }

    /// The only instruction of double length.
    fn load_number(&mut self, register: u8, source: u8, number: u64) {
        // Masked to 32 bits, so that neither conversion can fail.
        let half =
            |shift: u32| u32::try_from(number >> shift & u64::from(u32::MAX)).unwrap_or(0).cast_signed();
        self.push(LOAD_NUMBER_64, (register, source), 0, half(0));
        self.push(0, (0, 0), 0, half(32));
    }

    /// Ends with letting the call or packet pass (1).
    fn finish(mut self) -> Vec<Instruction> {
        let out = self.code.len();
        self.push(MOVE_NUMBER, (0, 0), 0, 1);
        self.push(EXIT, (0, 0), 0, 0);
        for from in self.leaving {
            if let Some(jump) = self.code.get_mut(from) {
                // A program has below a hundred instructions.
                jump.offset = i16::try_from(out - from - 1).unwrap_or(i16::MAX);
            }
        }
        self.code
    }
}
