//! Writes pcap and pcapng recordings in either byte order and any resolution.

/// Which way round integers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, value: u16) -> [u8; 2] {
        if self == Self::Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub(super) fn u32(self, value: u32) -> [u8; 4] {
        if self == Self::Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub(super) fn u64(self, value: u64) -> [u8; 8] {
        if self == Self::Little { value.to_le_bytes() } else { value.to_be_bytes() }
    }
}

fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap()
}

/// A pcap file of packets, each at the nanoseconds given, cut to `snaplen`.
pub(super) fn pcap(
    order: Order,
    nanosecond: bool,
    link: u16,
    snaplen: usize,
    packets: &[(u64, Vec<u8>)],
) -> Vec<u8> {
    let magic = if nanosecond { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut file = order.u32(magic).to_vec();
    file.extend(order.u16(2));
    file.extend(order.u16(4));
    file.extend([0; 8]);
    file.extend(order.u32(length(snaplen)));
    file.extend(order.u32(link.into()));
    for (nanos, packet) in packets {
        let captured = packet.len().min(snaplen);
        let fraction = u32::try_from(nanos % 1_000_000_000).unwrap();
        file.extend(order.u32(u32::try_from(nanos / 1_000_000_000).unwrap()));
        file.extend(order.u32(if nanosecond { fraction } else { fraction / 1000 }));
        file.extend(order.u32(length(captured)));
        file.extend(order.u32(length(packet.len())));
        file.extend(&packet[..captured]);
    }
    file
}

/// A pcapng file, written block by block.
pub(super) struct Pcapng {
    pub(super) order: Order,
    pub(super) file: Vec<u8>,
}

impl Pcapng {
    pub(super) fn new(order: Order) -> Self {
        let mut pcapng = Self { order, file: Vec::new() };
        pcapng.section(order);
        pcapng
    }

    pub(super) fn section(&mut self, order: Order) {
        self.order = order;
        let body = [&order.u32(0x1a2b_3c4d)[..], &order.u16(1), &order.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body);
    }

    pub(super) fn block(&mut self, kind: u32, body: &[u8]) {
        let padded = body.len().next_multiple_of(4);
        let len = self.order.u32(length(padded + 12));
        self.file.extend(self.order.u32(kind));
        self.file.extend(len);
        self.file.extend(body);
        self.file.extend(vec![0; padded - body.len()]);
        self.file.extend(len);
    }

    pub(super) fn options(&self, options: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend(self.order.u16(*code));
            bytes.extend(self.order.u16(u16::try_from(value.len()).unwrap()));
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        if !options.is_empty() {
            bytes.extend([0; 4]);
        }
        bytes
    }

    pub(super) fn interface(&mut self, link: u16, snaplen: u32, options: &[(u16, &[u8])]) {
        let order = self.order;
        let options = self.options(options);
        self.block(1, &[&order.u16(link)[..], &[0, 0], &order.u32(snaplen), &options].concat());
    }

    pub(super) fn process(&mut self, pid: u32, options: &[(u16, &[u8])]) {
        let options = self.options(options);
        self.block(0x8000_0001, &[&self.order.u32(pid)[..], &options].concat());
    }

    pub(super) fn enhanced(&mut self, interface: u32, ticks: u64, packet: &[u8], options: &[(u16, &[u8])]) {
        let order = self.order;
        let options = self.options(options);
        let mut data = packet.to_vec();
        data.resize(data.len().next_multiple_of(4), 0xee);
        let len = order.u32(length(packet.len()));
        let (high, low) = (u32::try_from(ticks >> 32).unwrap(), u32::try_from(ticks & 0xffff_ffff).unwrap());
        let head = [order.u32(interface), order.u32(high), order.u32(low), len, len].concat();
        self.block(6, &[&head[..], &data, &options].concat());
    }

    pub(super) fn simple(&mut self, packet: &[u8], wire_len: u32) {
        self.block(3, &[&self.order.u32(wire_len)[..], packet].concat());
    }

    pub(super) fn obsolete(&mut self, interface: u16, ticks: u64, packet: &[u8]) {
        let order = self.order;
        let len = order.u32(length(packet.len()));
        let (high, low) = (u32::try_from(ticks >> 32).unwrap(), u32::try_from(ticks & 0xffff_ffff).unwrap());
        let mut body =
            [&order.u16(interface)[..], &[0, 0], &order.u32(high), &order.u32(low), &len, &len].concat();
        body.extend(packet);
        self.block(2, &body);
    }
}
