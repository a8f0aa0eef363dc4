#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# build.sh VARIANT DIR: a driver VM's kernel and its module, from Debian's
# linux-source package.
#
#   VARIANT  pci (cards on PCI, QEMU's among them) or odroidc4
#   DIR      gets VARIANT/Image, VARIANT/Image.gz, VARIANT/weir_shared.ko and,
#            once for all variants, the unpacked sources
#
# The configuration is what arm64 cannot do without, base.config and
# VARIANT.config: everything that is not named there is off. A build with the
# same sources and compiler gives the same bytes, so that it can be cached.
#
#   CROSS    prefix of the compiler, aarch64-linux-gnu- unless given
#   JOBS     how many compilers at once
set -eu
export LC_ALL=C

die() {
	echo "weir: driver VM kernel: $*" >&2
	exit 1
}

[ $# = 2 ] || die "usage: build.sh pci|odroidc4 DIR"
here=$(cd "$(dirname "$0")" && pwd)
variant=$1
[ -f "$here/$variant.config" ] && [ "$variant" != base ] ||
	die "no variant '$variant'; there are pci and odroidc4"
mkdir -p "$2"
top=$(cd "$2" && pwd)
out=$top/$variant
src=$top/source
tar=/usr/src/linux-source-6.1.tar.xz
CROSS=${CROSS:-aarch64-linux-gnu-}
JOBS=${JOBS:-$(nproc)}
[ -f "$tar" ] || die "$tar is missing; install linux-source-6.1"

# The compiler's cache makes a second build of the same kernel a matter of
# seconds, where there is one.
cc=${CROSS}gcc
command -v ccache >/dev/null && cc="ccache $cc"

export ARCH=arm64 CROSS_COMPILE="$CROSS"
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970'
export KBUILD_BUILD_USER=weir KBUILD_BUILD_HOST=weir KBUILD_BUILD_VERSION=1

kbuild() {
	make -C "$src" O="$out/obj" CC="$cc" -j"$JOBS" "$@"
}

# Sources, without what no variant compiles; kconfig reads every Kconfig, so
# these stay. A second pass would decompress the archive twice.
unpack() {
	version=$(sha256sum "$tar")
	[ "$(cat "$src/.weir" 2>/dev/null)" != "$version" ] || return 0
	rm -rf "$src" "$src.new"
	mkdir -p "$src.new"
	set -- 'arch/[b-z]*' arch/alpha arch/arc arch/arm sound \
		'fs/[9abfghjlmowxyz]*' fs/ceph fs/cifs fs/dlm fs/ecryptfs \
		'fs/ext[24]' 'fs/nfs*' 'fs/ntfs*' fs/nilfs2 fs/reiserfs \
		fs/smb fs/squashfs fs/ubifs fs/udf fs/ufs
	for name in comedi gpu hid iio infiniband md media net/wireless scsi \
		staging usb video; do
		set -- "$@" "drivers/$name"
	done
	for name; do
		set -- "$@" --exclude="*/$name/*.[chS]"
		shift
	done
	tar xf "$tar" -C "$src.new" --strip-components=1 "$@" \
		--exclude='*/Documentation/[a-jl-z]*' \
		--exclude='*/arch/arm64/boot/dts/*' \
		--exclude='*/tools/testing/*' ||
		die "cannot unpack $tar; is the disk full?"
	echo "$version" >"$src.new/.weir"
	mv "$src.new" "$src"
}

# kconfig drops silently what a missing dependency forbids; that would be found
# out in the VM, much later.
configure() {
	cat "$here/base.config" "$here/$variant.config" >"$out/all.config"
	kbuild KCONFIG_ALLCONFIG="$out/all.config" allnoconfig >"$out/log" 2>&1 ||
		die "cannot be configured; see $out/log"
	lost=$(grep -o '^CONFIG_[A-Z0-9_]*=y' "$out/all.config" | sort -u |
		grep -vxF -f "$out/obj/.config" || true)
	[ -z "$lost" ] || die "these settings were not accepted, because" \
		"something they depend on is off or they have gone:" \
		"$(echo "$lost" | tr '\n' ' ')"
}

module() {
	mkdir -p "$out/module"
	cp "$here/weir_shared.c" "$out/module/"
	echo 'obj-m := weir_shared.o' >"$out/module/Kbuild"
	kbuild M="$out/module" modules >>"$out/log" 2>&1 || return 1
	"${CROSS}strip" -g -o "$out/weir_shared.ko" "$out/module/weir_shared.ko"
}

unpack
mkdir -p "$out/obj"
configure
{ kbuild Image Image.gz modules >>"$out/log" 2>&1 && module; } || {
	grep -iE 'error|\*\*\*' "$out/log" | head -20 >&2
	die "cannot be built; see $out/log"
}
cp "$out/obj/arch/arm64/boot/Image" "$out/obj/arch/arm64/boot/Image.gz" "$out/"
for file in Image Image.gz weir_shared.ko; do
	printf '  %-8s %-16s %8d bytes\n' "$variant" "$file" \
		"$(stat -c %s "$out/$file")"
done
