/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VFIO's calls on an opened card.
 *
 * A region (BAR, configuration space) is a window of the device's descriptor:
 * read and written with pread() and pwrite(), mapped with mmap() where VFIO
 * allows it.  Elsewhere (a sparse region, a BAR that shares its page with
 * another device) it is accessed by pread() and pwrite() only.
 */
#include "vmm/kvm/vfio.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Room for a region's capabilities: the largest known has a few areas. */
#define INFO_SIZE 1024u

/* The capability with @id of a region's description, if it is all there. */
static const void *find_cap(const struct vfio_region_info *info, uint16_t id,
			    size_t size)
{
	uint32_t at = info->cap_offset;
	struct vfio_info_cap_header head;

	if ((info->flags & VFIO_REGION_INFO_FLAG_CAPS) == 0)
		return NULL;
	while (at >= sizeof(*info) && at + size <= INFO_SIZE) {
		memcpy(&head, (const char *)info + at, sizeof(head));
		if (head.id == id)
			return (const char *)info + at;
		if (head.next <= at)
			break;
		at = head.next;
	}
	return NULL;
}

static void sparse_areas(struct vfio_region *r,
			 const struct vfio_region_info_cap_sparse_mmap *cap,
			 size_t room)
{
	size_t fit = (room - sizeof(*cap)) / sizeof(cap->areas[0]);

	for (uint32_t i = 0; i < cap->nr_areas && i < fit; i++) {
		const struct vfio_region_sparse_mmap_area *a = &cap->areas[i];

		if (a->size == 0 || a->offset > r->size ||
		    a->size > r->size - a->offset)
			continue;
		if (r->n_areas == VFIO_MAX_AREAS)
			return;
		r->area[r->n_areas].offset = a->offset;
		r->area[r->n_areas++].size = a->size;
	}
}

static void take_region(struct vfio_region *r,
			const struct vfio_region_info *info)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;

	r->size = info->size;
	r->offset = info->offset;
	r->n_areas = 0;
	if (r->size == 0 || (info->flags & VFIO_REGION_INFO_FLAG_MMAP) == 0)
		return;
	sparse = find_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP,
			  sizeof(*sparse));
	if (sparse != NULL) {
		sparse_areas(r, sparse,
			     INFO_SIZE - (size_t)((const char *)sparse -
						  (const char *)info));
		return;
	}
	r->area[0] = (struct vfio_area){ 0, r->size };
	r->n_areas = 1;
}

static int describe_regions(struct vfio *card, struct error *err)
{
	_Alignas(struct vfio_region_info) char room[INFO_SIZE];
	struct vfio_region_info *info = (void *)room;

	for (unsigned int i = 0; i < VFIO_REGIONS; i++) {
		memset(room, 0, sizeof(room));
		info->argsz = sizeof(room);
		info->index = i;
		/* A card without this BAR or ROM may say so by an error. */
		if (ioctl(card->device, VFIO_DEVICE_GET_REGION_INFO, info) == 0)
			take_region(&card->region[i], info);
		else if (i == VFIO_PCI_CONFIG_REGION_INDEX)
			return error_errno(
				err, "VFIO gives no configuration space of "
				     "the card");
	}
	return 0;
}

int vfio_describe(struct vfio *card, const int fds[VFIO_FDS], struct error *err)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vfio_irq_info irq;

	memset(card, 0, sizeof(*card));
	card->container = fds[VFIO_CONTAINER];
	card->device = fds[VFIO_DEVICE];
	if (ioctl(card->device, VFIO_DEVICE_GET_INFO, &info) != 0)
		return error_errno(err, "VFIO does not describe the card");
	if ((info.flags & VFIO_DEVICE_FLAGS_PCI) == 0)
		return error_set(err, "the device is no PCI card to VFIO");
	card->can_reset = (info.flags & VFIO_DEVICE_FLAGS_RESET) != 0;
	for (uint32_t i = 0; i <= VFIO_PCI_MSIX_IRQ_INDEX; i++) {
		irq = (struct vfio_irq_info){ .argsz = sizeof(irq),
					      .index = i };
		if (ioctl(card->device, VFIO_DEVICE_GET_IRQ_INFO, &irq) == 0 &&
		    (irq.flags & VFIO_IRQ_INFO_EVENTFD) != 0)
			card->vectors[i] = irq.count;
	}
	return describe_regions(card, err);
}

void vfio_reset(const struct vfio *card)
{
	if (card->can_reset)
		ioctl(card->device, VFIO_DEVICE_RESET);
}

void *vfio_map(const struct vfio *card, unsigned int region,
	       const struct vfio_area *area, struct error *err)
{
	off_t at = (off_t)(card->region[region].offset + area->offset);
	void *p = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       card->device, at);

	if (p != MAP_FAILED)
		return p;
	error_errno(err, "cannot map BAR %u of the card", region);
	return NULL;
}

bool vfio_read(const struct vfio *card, unsigned int region, uint64_t offset,
	       void *data, size_t len)
{
	const struct vfio_region *r = &card->region[region];

	if (offset <= r->size && len <= r->size - offset &&
	    pread(card->device, data, len, (off_t)(r->offset + offset)) ==
		    (ssize_t)len)
		return true;
	memset(data, 0xff, len);
	return false;
}

void vfio_write(const struct vfio *card, unsigned int region, uint64_t offset,
		const void *data, size_t len)
{
	const struct vfio_region *r = &card->region[region];

	if (offset > r->size || len > r->size - offset)
		return;
	if (pwrite(card->device, data, len, (off_t)(r->offset + offset)) < 0)
		return; /* ignored, as on a bus */
}

static int set_irqs(const struct vfio *card, unsigned int index,
		    uint32_t action, const int *fd, unsigned int n)
{
	_Alignas(struct vfio_irq_set) char
		room[sizeof(struct vfio_irq_set) +
		     PCI_MAX_VECTORS * sizeof(int32_t)];
	struct vfio_irq_set *set = (void *)room;
	int ret;

	*set = (struct vfio_irq_set){
		.argsz = (uint32_t)(sizeof(*set) + n * sizeof(int32_t)),
		.flags = action | (n > 0 ? VFIO_IRQ_SET_DATA_EVENTFD
					 : VFIO_IRQ_SET_DATA_NONE),
		.index = index,
		.count = n,
	};
	memcpy(room + sizeof(*set), fd, n * sizeof(int32_t));
	ret = ioctl(card->device, VFIO_DEVICE_SET_IRQS, set);
	return ret < 0 ? -errno : ret;
}

int vfio_irqs(const struct vfio *card, unsigned int index, const int *fd,
	      unsigned int n)
{
	return set_irqs(card, index, VFIO_IRQ_SET_ACTION_TRIGGER, fd, n);
}

int vfio_intx_unmask(const struct vfio *card, int eventfd)
{
	return set_irqs(card, VFIO_PCI_INTX_IRQ_INDEX,
			VFIO_IRQ_SET_ACTION_UNMASK, &eventfd, 1);
}

/* Pinned memory counts against a limit whose default is 8 MiB. */
static int no_memory(uint64_t size, struct error *err)
{
	struct rlimit limit = { 0, 0 };

	getrlimit(RLIMIT_MEMLOCK, &limit);
	return error_set(err,
			 "the card needs %llu KiB of memory that stays in "
			 "place, and this process may have %llu KiB of that in "
			 "all; start weir as root, or raise the limit with "
			 "'ulimit -l' (LimitMEMLOCK= of a systemd unit)",
			 (unsigned long long)(size >> 10),
			 (unsigned long long)(limit.rlim_cur >> 10));
}

int vfio_dma(const struct vfio *card, void *host, uint64_t iova, uint64_t size,
	     struct error *err)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)host,
		.iova = iova,
		.size = size,
	};

	if (ioctl(card->container, VFIO_IOMMU_MAP_DMA, &map) == 0)
		return 0;
	if (errno == ENOMEM)
		return no_memory(size, err);
	return error_errno(err,
			   "the IOMMU cannot show the card 0x%llx bytes of "
			   "memory at 0x%llx",
			   (unsigned long long)size, (unsigned long long)iova);
}
