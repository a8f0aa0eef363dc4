/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's kernel, initial RAM file system and device tree, and their places
 * in its RAM.
 *
 * Kernel images are arm64's "Image" (Documentation/arm64/booting.rst), plain or
 * compressed by gzip.  The files are the user's, but are read in the VM's PD,
 * and their headers are checked against the size of RAM.
 */
#ifndef WEIR_VMM_KVM_IMAGE_H
#define WEIR_VMM_KVM_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/error.h"

/* Bytes kept for the device tree; a multiple of its alignment. */
#define IMAGE_FDT_SIZE 0x10000u
/* The least RAM a guest needs besides what is loaded. */
#define IMAGE_SLACK 0x800000u

/* What a kernel's header says. */
struct image {
	uint64_t text_offset; /* where it wants to be, from the start of RAM */
	uint64_t memory; /* bytes it occupies from there on while it starts */
};

/* Offsets from the start of RAM. */
struct image_plan {
	uint64_t kernel; /* also its first instruction */
	uint64_t fdt;	 /* IMAGE_FDT_SIZE bytes for the device tree */
	uint64_t initrd; /* initial RAM file system */
	uint64_t end;	 /* first byte behind all of it */
};

/**
 * image_check - read a kernel's header
 * @image: out
 * @fd:    the file; its position changes
 * @name:  for messages
 *
 * Return: 0, or -1 with @err saying why this is no kernel for arm64.
 */
int image_check(struct image *image, int fd, const char *name,
		struct error *err);

/**
 * image_plan - find places for everything
 * @plan:   out
 * @initrd: bytes of the initial RAM file system
 * @ram:    bytes of RAM
 *
 * Return: 0, or -1 with @err saying how much RAM it takes.
 */
int image_plan(struct image_plan *plan, const struct image *image,
	       uint64_t initrd, uint64_t ram, struct error *err);

/**
 * image_load - put a kernel into its place
 * @image: from image_check() of the same file
 * @to:    @image->memory bytes
 *
 * Return: 0, or -1 with @err set: damaged, or longer than it says.
 */
int image_load(const struct image *image, int fd, const char *name, void *to,
	       struct error *err);

/**
 * image_load_initrd - put an initial RAM file system into its place
 * @size: its bytes, as planned
 *
 * Return: 0, or -1 with @err set.
 */
int image_load_initrd(int fd, const char *name, void *to, uint64_t size,
		      struct error *err);

#endif
