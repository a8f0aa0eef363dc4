/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/cbpf_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

void cbpf_rig_init(struct cbpf_rig *rig, uint64_t seed)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + page, page, PROT_NONE), 0);
	rig->end = p + page;
	rig->state = seed * 0x9e3779b97f4a7c15ull | 1;
}

void cbpf_rig_exit(struct cbpf_rig *rig)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	assert_int_equal(munmap(rig->end - page, 2 * page), 0);
}

/* xorshift64*, its upper half. */
uint32_t cbpf_random32(struct cbpf_rig *rig)
{
	rig->state ^= rig->state >> 12;
	rig->state ^= rig->state << 25;
	rig->state ^= rig->state >> 27;
	return (uint32_t)(rig->state * 0x2545f4914f6cdd1dull >> 32);
}

uint32_t cbpf_random(struct cbpf_rig *rig, uint32_t below)
{
	return (uint32_t)((uint64_t)cbpf_random32(rig) * below >> 32);
}

static bool one_in(struct cbpf_rig *rig, uint32_t n)
{
	return cbpf_random(rig, n) == 0;
}

const uint8_t *cbpf_place(const struct cbpf_rig *rig, const uint8_t *bytes,
			  uint32_t len)
{
	return memcpy(rig->end - len, bytes, len);
}

/* --- programs ----------------------------------------------------------- */

const char *const cbpf_expressions[] = {
	"arp",
	"rarp",
	"ip",
	"ip6",
	"not ip and not ip6 and not arp",
	"ether proto 0x0806",
	"ether proto 0x88cc",
	"ether[12:2] <= 1500",
	"llc",
	"stp",
	"pppoes",
	"mpls",
	"icmp",
	"icmp6",
	"igmp",
	"tcp",
	"udp",
	"sctp",
	"ip proto 47",
	"ip6 proto 58",
	"esp or ah",
	"vrrp",
	"pim",
	"tcp port 80",
	"udp port 53",
	"port 53",
	"src port 53",
	"tcp dst port 443",
	"portrange 80-443",
	"udp portrange 1000-2000",
	"tcp src portrange 20-25",
	"host 10.0.0.1",
	"src host 10.0.0.1",
	"dst host 10.0.0.2",
	"host 10.0.0.1 and not port 22",
	"arp host 10.0.0.1",
	"net 10.0.0.0/8",
	"src net 10.0.0.0/24 and dst net 10.0.1.0/24",
	"net 192.168.0.0 mask 255.255.0.0",
	"ip6 host fd00::1",
	"src host fd00::1 or dst host fd00::2",
	"ip6 net fd00::/16",
	"ip6 dst net ff02::/16",
	"vlan",
	"vlan 5",
	"vlan 5 and ip",
	"vlan 5 and tcp port 80",
	"vlan and vlan 7",
	"not vlan",
	"ip or (vlan and ip)",
	"ether host 02:00:00:00:00:01",
	"ether src 02:00:00:00:00:01",
	"ether dst 02:00:00:00:00:02 and ip",
	"broadcast",
	"ether broadcast or arp",
	"multicast",
	"ip multicast",
	"ip6 multicast",
	"ether multicast and not broadcast",
	"greater 100",
	"less 80",
	"len = 60",
	"ip[6:2] & 0x1fff != 0",
	"ip[6:2] & 0x3fff == 0",
	"ip[0] & 0xf > 5",
	"ip[8] < 64",
	"ip[2:2] > 576",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
	"tcp[tcpflags] & tcp-rst != 0 or tcp[13] & 1 != 0",
	"tcp[0:2] > 1023 and tcp[2:2] < 1024",
	"udp[4:2] >= 20",
	"icmp[icmptype] == icmp-echo",
	"icmp[0] = 8 or icmp[0] = 0",
	"ip6[6] = 58",
	"icmp6[0] = 135",
	"arp[6:2] = 1",
	"arp[14:4] = 0x0a000001",
	"ether[0] & 1 = 1",
	"ether[6:4] = 0x02000000 and ether[10:2] = 1",
	"tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
	"ip[ip[2]] = 0",
	"udp[udp[4:2] - 8] = 0",
	"len - 14 = ip[2:2]",
	"ip[2:2] - ((ip[0] & 0xf) << 2) > 40",
	"ip[4:2] % 7 = 3",
	"ip[4:2] / ip[8] > 3",
	"ip[4:2] * 3 ^ 0x55 > 1000",
	"(ip[4:2] << (ip[8] & 31)) >> 3 > 100",
	"-ip[4] > 5",
	"(ip[12:4] | 0xff) = 0x0a0000ff",
	"tcp and (port 80 or port 443 or port 8080) and src net 10.0.0.0/8",
	"(host 10.0.0.1 or host 10.0.0.2) and (udp or icmp) and not port 53",
	"ip6 and tcp dst port 80",
	NULL,
};

bool cbpf_compile(const char *expression, bool optimise,
		  struct cbpf_program *out)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	bool ok;

	assert_non_null(pcap);
	ok = pcap_compile(pcap, &program, expression, optimise,
			  PCAP_NETMASK_UNKNOWN) == 0;
	if (!ok) {
		print_message("%s: %s\n", expression, pcap_geterr(pcap));
	} else {
		ok = program.bf_len <= CBPF_RIG_PROGRAM;
		out->n = ok ? program.bf_len : 0;
		memcpy(out->pcap, program.bf_insns,
		       out->n * sizeof(*out->pcap));
		pcap_freecode(&program);
	}
	pcap_close(pcap);
	return ok;
}

/* Every opcode there is. */
static const uint16_t opcodes[] = {
	/* ld, by mode */
	0x00,
	0x20,
	0x28,
	0x30,
	0x40,
	0x48,
	0x50,
	0x60,
	0x80,
	/* ldx, st, stx */
	0x01,
	0x61,
	0x81,
	0xb1,
	0x02,
	0x03,
	/* alu: with k, with x, neg */
	0x04,
	0x14,
	0x24,
	0x34,
	0x44,
	0x54,
	0x64,
	0x74,
	0x94,
	0xa4,
	0x0c,
	0x1c,
	0x2c,
	0x3c,
	0x4c,
	0x5c,
	0x6c,
	0x7c,
	0x9c,
	0xac,
	0x84,
	/* jmp: ja, with k, with x */
	0x05,
	0x15,
	0x25,
	0x35,
	0x45,
	0x1d,
	0x2d,
	0x3d,
	0x4d,
	/* ret, tax, txa */
	0x06,
	0x16,
	0x07,
	0x87,
};

static uint16_t random_opcode(struct cbpf_rig *rig)
{
	uint32_t n = sizeof(opcodes) / sizeof(opcodes[0]);

	return one_in(rig, 32) ? (uint16_t)cbpf_random(rig, 0x120)
			       : opcodes[cbpf_random(rig, n)];
}

static uint32_t random_k(struct cbpf_rig *rig)
{
	switch (cbpf_random(rig, 8)) {
	case 0:
		return cbpf_random32(rig);
	case 1:
		/* Ancillary data, and addresses that could wrap. */
		return UINT32_MAX - cbpf_random(rig, 0x1004);
	case 2:
		return 1u << cbpf_random(rig, 32);
	case 3:
		return cbpf_random(rig, CBPF_RIG_FRAME + 8);
	case 4:
		return cbpf_random(rig, 40);
	default:
		return cbpf_random(rig, 16);
	}
}

/* @left: instructions from this one on. */
static uint8_t random_skip(struct cbpf_rig *rig, uint32_t left)
{
	uint32_t below = one_in(rig, 32) ? 256 : left;

	return (uint8_t)cbpf_random(rig, below < 256 ? below : 256);
}

static void random_insn(struct cbpf_rig *rig, struct cbpf_insn *in,
			uint32_t left)
{
	in->code = random_opcode(rig);
	in->jt = random_skip(rig, left);
	in->jf = random_skip(rig, left);
	in->k = random_k(rig);
	if (in->code == 0x05 && !one_in(rig, 8))
		in->k = cbpf_random(rig, left);
}

void cbpf_mutate(struct cbpf_rig *rig, struct cbpf_program *p)
{
	for (uint32_t n = 1 + cbpf_random(rig, 4); n; n--) {
		uint32_t i = cbpf_random(rig, p->n);
		struct cbpf_insn any;

		random_insn(rig, &any, p->n - i);
		switch (cbpf_random(rig, 5)) {
		case 0:
			p->insn[i] = any;
			break;
		case 1:
			p->insn[i].code = any.code;
			break;
		case 2:
			p->insn[i].jt = any.jt;
			break;
		case 3:
			p->insn[i].jf = any.jf;
			break;
		default:
			p->insn[i].k = any.k;
			break;
		}
	}
}

void cbpf_invent(struct cbpf_rig *rig, struct cbpf_program *p)
{
	p->n = 2 + cbpf_random(rig, 24);
	for (uint32_t i = 0; i < p->n; i++)
		random_insn(rig, &p->insn[i], p->n - i);
	/* Scratch memory a later instruction may read. */
	p->insn[0] = (struct cbpf_insn){ 0x02, 0, 0, cbpf_random(rig, 16) };
	p->insn[p->n - 1] = (struct cbpf_insn){ 0x16, 0, 0, 0 };
}

void cbpf_noise(struct cbpf_rig *rig, struct cbpf_program *p)
{
	p->n = 1 + cbpf_random(rig, CBPF_RIG_PROGRAM);
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t bits = cbpf_random32(rig);

		memcpy(&p->insn[i], &bits, sizeof(bits));
		p->insn[i].code &= one_in(rig, 4) ? 0xffff : 0xff;
		p->insn[i].k = one_in(rig, 2) ? cbpf_random32(rig)
					      : random_k(rig);
	}
}
