// The layout of every structure of the system that Crow reads, as a C compiler for macOS sees it, beside what the Rust
// code says of it (offsets.py turns that into macros). Compiled for both of Apple's processors, never run.
//
// Public structures come from Apple's own headers. The two families that no public header has are declared here after
// their source, for their layout alone.
#include <libproc.h>
#include <net/if.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/proc_info.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/types.h>
#include <sys/ucred.h>
#include <sys/un.h>

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "sizeof " #type " is not " #bytes)
#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " is not at " #offset)
#define IS(name, value) _Static_assert((name) == (value), #name " is not " #value)

// ---- PKTAP, version 1: xnu bsd/net/pktap.h, struct pktap_header; 156 bytes since macOS 10.10, the first 108 before.
struct tap1 {
    uint32_t length, type_next, dlt;
    char ifname[24];
    uint32_t flags, family, pre, post;
    int32_t pid;
    char comm[17];
    uint8_t ipproto;
    uint16_t trace_tag;
    uint32_t svc;
    uint16_t iftype, ifunit;
    int32_t epid;
    char ecomm[17];
    uint32_t flowid, generation;
    struct {
        int32_t sec, usec;
    } stamp;
    uint8_t uuid[16], euuid[16];
};
SIZE(struct tap1, 156);
AT(struct tap1, length, wire_pktap_PTH_LENGTH);
AT(struct tap1, type_next, wire_pktap_PTH_TYPE_NEXT);
AT(struct tap1, dlt, wire_pktap_PTH_DLT);
AT(struct tap1, ifname, wire_pktap_PTH_IFNAME);
AT(struct tap1, flags, wire_pktap_PTH_FLAGS);
AT(struct tap1, pre, wire_pktap_PTH_FRAME_PRE_LENGTH);
AT(struct tap1, pid, wire_pktap_PTH_PID);
AT(struct tap1, comm, wire_pktap_PTH_COMM);
AT(struct tap1, iftype, wire_pktap_PTH_IFTYPE);
AT(struct tap1, epid, wire_pktap_PTH_EPID);
AT(struct tap1, ecomm, wire_pktap_PTH_ECOMM);
AT(struct tap1, flowid, wire_pktap_PTH_FLOWID);
// What macOS 10.9 had ends where the flow id begins.
IS(wire_pktap_V1_MIN_LEN, offsetof(struct tap1, flowid));
IS(wire_pktap_IFNAME_LEN, IF_NAMESIZE + 8);
IS(wire_pktap_COMM_LEN, MAXCOMLEN + 1);
SIZE(((struct tap1 *)0)->ifname, wire_pktap_IFNAME_LEN);
SIZE(((struct tap1 *)0)->comm, wire_pktap_COMM_LEN);

// ---- PKTAP, version 2: the same file, struct pktap_v2_hdr; strings and ids follow where the first bytes say.
struct tap2 {
    uint8_t length, uuid, euuid, ifname, comm, ecomm;
    uint16_t dlt, pre, post, iftype, ipproto;
    uint32_t family, svc, flowid;
    int32_t pid, epid;
    uint32_t flags;
};
SIZE(struct tap2, wire_pktap_V2_MIN_LEN);
AT(struct tap2, length, wire_pktap_V2_LENGTH);
AT(struct tap2, ifname, wire_pktap_V2_IFNAME_OFFSET);
AT(struct tap2, comm, wire_pktap_V2_COMM_OFFSET);
AT(struct tap2, ecomm, wire_pktap_V2_ECOMM_OFFSET);
AT(struct tap2, dlt, wire_pktap_V2_DLT);
AT(struct tap2, pre, wire_pktap_V2_FRAME_PRE_LENGTH);
AT(struct tap2, iftype, wire_pktap_V2_IFTYPE);
AT(struct tap2, flowid, wire_pktap_V2_FLOWID);
AT(struct tap2, pid, wire_pktap_V2_PID);
AT(struct tap2, epid, wire_pktap_V2_EPID);
// One flags word tells the versions apart, so both have it in one place.
AT(struct tap2, flags, wire_pktap_PTH_FLAGS);

// ---- libproc: <sys/proc_info.h>, as the crates that Crow calls it through lay it out.
SIZE(struct proc_fdinfo, 8);
SIZE(struct proc_bsdinfo, 136);
AT(struct proc_bsdinfo, pbi_pid, 12);
AT(struct proc_bsdinfo, pbi_ppid, 16);
AT(struct proc_bsdinfo, pbi_uid, 20);
AT(struct proc_bsdinfo, pbi_comm, 48);
AT(struct proc_bsdinfo, pbi_name, 64);
AT(struct proc_bsdinfo, pbi_start_tvsec, 120);
AT(struct proc_bsdinfo, pbi_start_tvusec, 128);
SIZE(struct proc_bsdshortinfo, 64);
AT(struct proc_bsdshortinfo, pbsi_comm, 16);
AT(struct proc_bsdshortinfo, pbsi_uid, 36);
SIZE(struct socket_fdinfo, 792);
AT(struct socket_fdinfo, psi.soi_protocol, 180);
AT(struct socket_fdinfo, psi.soi_family, 184);
AT(struct socket_fdinfo, psi.soi_kind, 256);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_fport, 264);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_lport, 268);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_vflag, 288);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_faddr, 296);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_laddr, 312);
AT(struct socket_fdinfo, psi.soi_proto.pri_tcp.tcpsi_state, 344);
#ifdef has_process_macos_descriptors
SIZE(struct socket_fdinfo, process_macos_descriptors_SOCKET_FDINFO_LEN);
AT(struct socket_fdinfo, psi.soi_protocol, process_macos_descriptors_SOI_PROTOCOL);
AT(struct socket_fdinfo, psi.soi_kind, process_macos_descriptors_SOI_KIND);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_fport, process_macos_descriptors_INSI_FPORT);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_lport, process_macos_descriptors_INSI_LPORT);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_vflag, process_macos_descriptors_INSI_VFLAG);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_faddr, process_macos_descriptors_INSI_FADDR);
AT(struct socket_fdinfo, psi.soi_proto.pri_in.insi_laddr, process_macos_descriptors_INSI_LADDR);
AT(struct socket_fdinfo, psi.soi_proto.pri_tcp.tcpsi_state, process_macos_descriptors_TCPSI_STATE);
AT(struct socket_fdinfo, psi.soi_proto.pri_kern_ctl.kcsi_unit, process_macos_descriptors_KCSI_UNIT);
AT(struct socket_fdinfo, psi.soi_proto.pri_kern_ctl.kcsi_name, process_macos_descriptors_KCSI_NAME);
IS(SOCKINFO_KERN_CTL, process_macos_descriptors_SOCKINFO_KERN_CTL);
IS(SOCKINFO_IN, process_macos_descriptors_SOCKINFO_IN);
IS(SOCKINFO_TCP, process_macos_descriptors_SOCKINFO_TCP);
IS(INI_IPV4, process_macos_descriptors_INI_IPV4);
IS(INI_IPV6, process_macos_descriptors_INI_IPV6);
// The state has one set of numbers, whoever tells it.
IS(TSI_S__CLOSE_WAIT, 5);
IS(TSI_S_CLOSING, 7);
// An IPv4 address is the last four of the sixteen bytes.
AT(struct in4in6_addr, i46a_addr4, 12);
IS(PROX_FDTYPE_SOCKET, process_macos_ffi_PROX_FDTYPE_SOCKET);
IS(PROC_PIDFDSOCKETINFO, process_macos_ffi_PROC_PIDFDSOCKETINFO);
// ---- Processes of all users: <sys/sysctl.h>, struct kinfo_proc, and <sys/proc.h>, struct extern_proc.
SIZE(struct kinfo_proc, process_macos_kinfo_KINFO_PROC_LEN);
AT(struct kinfo_proc, kp_proc.p_un.__p_starttime.tv_sec, process_macos_kinfo_P_STARTTIME_SEC);
AT(struct kinfo_proc, kp_proc.p_un.__p_starttime.tv_usec, process_macos_kinfo_P_STARTTIME_USEC);
SIZE(((struct kinfo_proc *)0)->kp_proc.p_un.__p_starttime.tv_sec, 8);
SIZE(((struct kinfo_proc *)0)->kp_proc.p_un.__p_starttime.tv_usec, 4);
#endif
IS(PROC_PIDLISTFDS, 1);
IS(PROC_PIDTBSDINFO, 3);
IS(PROC_PIDT_SHORTBSDINFO, 13);
IS(PROC_PIDFDSOCKETINFO, 3);
IS(PROX_FDTYPE_SOCKET, 2);
IS(SOCKINFO_IN, 1);
IS(SOCKINFO_TCP, 2);
IS(SOCKINFO_KERN_CTL, 6);
IS(TSI_S_LISTEN, 1);
IS(TSI_S_ESTABLISHED, 4);
IS(TSI_S_FIN_WAIT_2, 9);
IS(TSI_S_TIME_WAIT, 10);

// ---- Peers of a local socket: <sys/un.h>, <sys/ucred.h>.
SIZE(struct sockaddr_un, 106);
SIZE(((struct sockaddr_un *)0)->sun_path, 104);
SIZE(struct xucred, 76);
IS(SOL_LOCAL, 0);
IS(LOCAL_PEERCRED, 1);
IS(LOCAL_PEERPID, 2);

// ---- The socket tables net.inet.tcp.pcblist_n and net.inet.udp.pcblist_n: xnu bsd/netinet/in_pcb.h (xinpgen,
// xinpcb_n), bsd/sys/socketvar.h (xsocket_n, xsockbuf_n, xsockstat_n), bsd/netinet/tcp_var.h (xtcpcb_n). Packed to 4.
#pragma pack(push, 4)
struct table {
    uint32_t len, count;
    uint64_t generation, socket_generation;
};
union address {
    struct {
        uint32_t pad[3], v4;
    } in4;
    uint8_t v6[16];
};
struct pcb {
    uint32_t len, kind;
    uint64_t handle;
    uint16_t fport, lport;
    uint64_t protocol_pcb, gencnt;
    int32_t flags;
    uint32_t flow;
    uint8_t vflag, ttl, ip_p;
    union address faddr, laddr;
    struct {
        uint8_t tos;
    } only4;
    struct {
        uint8_t hlim;
        int32_t cksum;
        uint16_t ifindex;
        int16_t hops;
    } only6;
    uint32_t flowhash, flags2;
};
struct sock {
    uint32_t len, kind;
    uint64_t handle;
    int16_t type;
    uint32_t options;
    int16_t linger, state;
    uint64_t pcb;
    int32_t protocol, family;
    int16_t qlen, incqlen, qlimit, timeo;
    uint16_t error;
    int32_t pgid;
    uint32_t oobmark, uid;
    int32_t last_pid, e_pid;
};
struct buffer {
    uint32_t len, kind, cc, hiwat, mbcnt, mbmax;
    int32_t lowat;
    int16_t flags, timeo;
};
struct statistics {
    uint32_t len, kind;
    struct {
        uint64_t rxpackets, rxbytes, txpackets, txbytes;
    } by_class[4];
};
struct tcp {
    uint32_t len, kind;
    uint64_t segq;
    int32_t dupacks, timer[4], state;
    uint32_t flags;
    int32_t force;
    uint32_t snd_una, snd_max, snd_nxt, snd_up, snd_wl1, snd_wl2, iss, irs, rcv_nxt, rcv_adv, rcv_wnd, rcv_up;
    uint32_t snd_wnd, snd_cwnd, snd_ssthresh, maxopd, rcvtime, starttime;
    int32_t rtttime;
    uint32_t rtseq;
    int32_t rxtcur;
    uint32_t maxseg;
    int32_t srtt, rttvar, rxtshift;
};
#pragma pack(pop)
SIZE(struct table, 24);
SIZE(struct pcb, 104);
SIZE(struct buffer, 32);
SIZE(struct statistics, 136);
// More that a reader of these tables may want.
AT(struct pcb, ip_p, 46);
AT(struct sock, state, 26);
AT(struct sock, protocol, 36);
AT(struct sock, family, 40);
AT(struct tcp, snd_cwnd, 100);
AT(struct tcp, rttvar, 140);
AT(struct tcp, rxtshift, 144);
#ifdef has_process_macos_pcblist
SIZE(struct table, process_macos_pcblist_XINPGEN_LEN);
AT(struct pcb, len, process_macos_pcblist_LEN);
AT(struct pcb, kind, process_macos_pcblist_KIND);
AT(struct pcb, fport, process_macos_pcblist_INP_FPORT);
AT(struct pcb, lport, process_macos_pcblist_INP_LPORT);
AT(struct pcb, gencnt, process_macos_pcblist_INP_GENCNT);
AT(struct pcb, vflag, process_macos_pcblist_INP_VFLAG);
AT(struct pcb, faddr, process_macos_pcblist_INP_FADDR);
AT(struct pcb, laddr, process_macos_pcblist_INP_LADDR);
AT(struct pcb, flowhash, process_macos_pcblist_INP_FLOWHASH);
AT(struct sock, uid, process_macos_pcblist_SO_UID);
AT(struct sock, last_pid, process_macos_pcblist_SO_LAST_PID);
AT(struct sock, e_pid, process_macos_pcblist_SO_E_PID);
AT(struct statistics, by_class, process_macos_pcblist_STATS);
SIZE(((struct statistics *)0)->by_class[0], process_macos_pcblist_CLASS_LEN);
SIZE(((struct statistics *)0)->by_class, process_macos_pcblist_CLASSES *process_macos_pcblist_CLASS_LEN);
AT(struct tcp, state, process_macos_pcblist_T_STATE);
AT(struct tcp, srtt, process_macos_pcblist_T_SRTT);
// The IPv4 address is the last four bytes of the sixteen.
AT(union address, in4.v4, 12);
#endif
