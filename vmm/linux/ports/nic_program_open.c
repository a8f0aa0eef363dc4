/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The XDP program of a nic port: see nic_program.h.
 *
 * A frame for which there is no socket goes on to the stack, as it would
 * without the program.
 */
#include "vmm/linux/ports/nic_program.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <string.h>

#ifndef BPF_F_XDP_DEV_BOUND_ONLY
#define BPF_F_XDP_DEV_BOUND_ONLY (1U << 6)
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define LOAD(size, dst, src, at)                                               \
	{                                                                      \
		.code = BPF_LDX | BPF_MEM | (size), .dst_reg = (dst),          \
		.src_reg = (src), .off = (at)                                  \
	}
#define STORE(size, dst, at, src)                                              \
	{                                                                      \
		.code = BPF_STX | BPF_MEM | (size), .dst_reg = (dst),          \
		.src_reg = (src), .off = (at)                                  \
	}
#define ZERO(size, dst, at)                                                    \
	{                                                                      \
		.code = BPF_ST | BPF_MEM | (size), .dst_reg = (dst),           \
		.off = (at)                                                    \
	}
#define COPY(dst, src)                                                         \
	{                                                                      \
		.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst),         \
		.src_reg = (src)                                               \
	}
#define SET(dst, value)                                                        \
	{                                                                      \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (dst),         \
		.imm = (value)                                                 \
	}
#define ADD(dst, value)                                                        \
	{                                                                      \
		.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = (dst),         \
		.imm = (value)                                                 \
	}
#define TO_BE16(dst)                                                           \
	{                                                                      \
		.code = BPF_ALU | BPF_END | BPF_TO_BE, .dst_reg = (dst),       \
		.imm = 16                                                      \
	}
#define UNLESS_ZERO(reg, skip)                                                 \
	{                                                                      \
		.code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (reg),           \
		.off = (skip)                                                  \
	}
#define IF_ABOVE(a, b, skip)                                                   \
	{                                                                      \
		.code = BPF_JMP | BPF_JGT | BPF_X, .dst_reg = (a),             \
		.src_reg = (b), .off = (skip)                                  \
	}
#define CALL(helper)                                                           \
	{                                                                      \
		.code = BPF_JMP | BPF_CALL, .imm = (helper)                    \
	}
#define CALL_KERNEL(function)                                                  \
	{                                                                      \
		.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_KFUNC_CALL,  \
		.imm = (function)                                              \
	}
#define MAP(dst, fd)                                                           \
	{ .code = BPF_LD | BPF_IMM | BPF_DW,                                   \
	  .dst_reg = (dst),                                                    \
	  .src_reg = BPF_PSEUDO_MAP_FD,                                        \
	  .imm = (fd) },                                                       \
	{                                                                      \
		.code = 0                                                      \
	}
#define RETURN                                                                 \
	{                                                                      \
		.code = BPF_JMP | BPF_EXIT                                     \
	}

#define CONTEXT(member) ((short)offsetof(struct xdp_md, member))

/* Register 6 has the context: give the frame to its queue's socket. */
#define REDIRECT(map)                                                          \
	LOAD(BPF_W, 2, 6, CONTEXT(rx_queue_index)), MAP(1, (map)),             \
		SET(3, XDP_PASS), CALL(BPF_FUNC_redirect_map), RETURN

static int load(const struct bpf_insn *code, size_t n,
		const struct bpf_prog_load_opts *opts)
{
	/* A function of the kernel may be called by free programs only. */
	return bpf_prog_load(BPF_PROG_TYPE_XDP, "weir_nic", "Dual BSD/GPL",
			     code, n, opts);
}

static int load_plain(int map)
{
	const struct bpf_insn code[] = { COPY(6, 1), REDIRECT(map) };

	return load(code, COUNT(code), NULL);
}

/* @tag_of: number of the kernel's function that tells a frame's tag. */
static int load_tagging(int map, int tag_of, int index)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .prog_flags = BPF_F_XDP_DEV_BOUND_ONLY,
		    .prog_ifindex = (uint32_t)index);
	const struct bpf_insn code[] = {
		COPY(6, 1),
		/* its type at -2, in network order; its number at -4 */
		ZERO(BPF_W, 10, -4),
		COPY(2, 10),
		ADD(2, -2),
		COPY(3, 10),
		ADD(3, -4),
		CALL_KERNEL(tag_of),
		UNLESS_ZERO(0, 23), /* none: redirect */
		COPY(1, 6),
		SET(2, -4),
		CALL(BPF_FUNC_xdp_adjust_head),
		UNLESS_ZERO(0, 17), /* no room: drop */
		LOAD(BPF_W, 1, 6, CONTEXT(data)),
		LOAD(BPF_W, 2, 6, CONTEXT(data_end)),
		COPY(3, 1),
		ADD(3, 18),
		IF_ABOVE(3, 2, 12), /* shorter than a header: drop */
		/* the addresses, and the tag behind them */
		LOAD(BPF_W, 4, 1, 4),
		STORE(BPF_W, 1, 0, 4),
		LOAD(BPF_W, 4, 1, 8),
		STORE(BPF_W, 1, 4, 4),
		LOAD(BPF_W, 4, 1, 12),
		STORE(BPF_W, 1, 8, 4),
		LOAD(BPF_H, 4, 10, -2),
		STORE(BPF_H, 1, 12, 4),
		LOAD(BPF_H, 4, 10, -4),
		TO_BE16(4),
		STORE(BPF_H, 1, 14, 4),
		{ .code = BPF_JMP | BPF_JA, .off = 2 }, /* redirect */
		/* drop: */
		SET(0, XDP_DROP),
		RETURN,
		/* redirect: */
		REDIRECT(map),
	};

	return load(code, COUNT(code), &opts);
}

/* Number of a function of the kernel, 0 if it has none of this name. */
static int kernel_function(const char *name)
{
	struct btf *types = btf__load_vmlinux_btf();
	int id = types == NULL
			 ? 0
			 : btf__find_by_name_kind(types, name, BTF_KIND_FUNC);

	btf__free(types);
	return id > 0 ? id : 0;
}

int nic_program_load(int map, int veth, struct error *err)
{
	int tag_of, fd;

	if (veth != 0) {
		tag_of = kernel_function("bpf_xdp_metadata_rx_vlan_tag");
		if (tag_of == 0)
			return error_set(err,
					 "a veth peer's VLAN tags would be "
					 "lost: Linux 6.8 with its types "
					 "(CONFIG_DEBUG_INFO_BTF) is needed");
		fd = load_tagging(map, tag_of, veth);
	} else {
		fd = load_plain(map);
	}
	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return error_set(err, "an XDP program needs CAP_BPF and "
				      "CAP_NET_ADMIN: run weir as root");
	if (fd < 0)
		return error_set(err,
				 "the kernel does not take the program: "
				 "%s",
				 strerror(errno));
	return fd;
}
