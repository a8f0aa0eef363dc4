/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/ioctl.h>

int fake_ioctl(int fd, unsigned long request, ...);

#define ioctl fake_ioctl
#define vm_slot fake_vm_slot
#define vm_place fake_vm_place
#define vm_gsi fake_vm_gsi
#define vm_route_msi fake_vm_route_msi
#define vm_interrupt fake_vm_interrupt
#define vm_interrupt_off fake_vm_interrupt_off
#define vm_interrupt_level fake_vm_interrupt_level
#define vm_trap fake_vm_trap

/* NOLINTBEGIN(bugprone-suspicious-include): see pci_rig.h */
#include "vmm/kvm/msix.c"
#include "vmm/kvm/pci.c"
#include "vmm/kvm/pci_bar.c"
#include "vmm/kvm/pci_config.c"
#include "vmm/kvm/vfio.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include "tests/unit/pci_rig.h"

#define REGION_SHIFT 32
#define FAKE_SLOTS 32u

/* --- the card ----------------------------------------------------------- */

struct fake_card card;

char events[4096];

static void event(const char *format, ...)
{
	size_t n = strlen(events);
	va_list args;

	va_start(args, format);
	vsnprintf(events + n, sizeof(events) - n, format, args);
	va_end(args);
}

static off_t card_offset(unsigned int region, uint64_t at)
{
	return (off_t)(((uint64_t)region << REGION_SHIFT) + at);
}

uint32_t card_read(unsigned int region, uint64_t at, unsigned int len)
{
	uint32_t v = 0;

	assert_int_equal(pread(card.fd, &v, len, card_offset(region, at)), len);
	return v;
}

void card_write(unsigned int region, uint64_t at, uint32_t value,
		unsigned int len)
{
	assert_int_equal(pwrite(card.fd, &value, len, card_offset(region, at)),
			 len);
}

uint32_t card_config(unsigned int at, unsigned int len)
{
	return card_read(VFIO_PCI_CONFIG_REGION_INDEX, at, len);
}

void card_set_config(unsigned int at, uint32_t value, unsigned int len)
{
	card_write(VFIO_PCI_CONFIG_REGION_INDEX, at, value, len);
}

static void make_caps(void)
{
	/* PM, vendor, MSI, PCIe, AF, MSI-X: two of them not for the guest. */
	card_set_config(PCI_CAPABILITY_LIST, CARD_CAP_PM, 1);
	card_set_config(CARD_CAP_PM, 0xc823u << 16 | CARD_CAP_VENDOR << 8 | 1,
			4);
	card_set_config(CARD_CAP_PM + 4, 0x0100, 2);
	card_set_config(CARD_CAP_VENDOR, 0x0a << 16 | CARD_CAP_MSI << 8 | 9, 4);
	card_set_config(CARD_CAP_VENDOR + 4, 0x11223344, 4);
	card_set_config(CARD_CAP_MSI, 0x80u << 16 | CARD_CAP_EXP << 8 | 5, 4);
	card_set_config(CARD_CAP_EXP, 0x0001 << 16 | CARD_CAP_AF << 8 | 0x10,
			4);
	card_set_config(CARD_CAP_EXP + PCI_EXP_DEVCAP, 0x10008cc0, 4);
	card_set_config(CARD_CAP_EXP + PCI_EXP_DEVCTL, 0x2820, 2);
	card_set_config(CARD_CAP_AF, 6 << 16 | CARD_CAP_MSIX << 8 | 0x13, 4);
	card_set_config(CARD_CAP_MSIX, 4 << 16 | 0x11, 4);
	card_set_config(CARD_CAP_MSIX + 4, TABLE_AT | TABLE_BAR, 4);
	card_set_config(CARD_CAP_MSIX + 8, PENDING_AT | TABLE_BAR, 4);
}

/* Like an Intel 82574: four BARs, five vectors; a wide BAR on top. */
static void make_card(void)
{
	static const uint64_t size[VFIO_REGIONS] = { 0x20000, 0x800,	0x20,
						     0x4000,  0x100000, 0,
						     0x40000, 0x1000 };

	card = (struct fake_card){ .mappable = 0x3b,
				   .vectors = { 1, 1, 5 },
				   .grant = 5 };
	memcpy(card.size, size, sizeof(size));
	card.fd = memfd_create("card", MFD_CLOEXEC);
	assert_true(card.fd >= 0);
	assert_int_equal(ftruncate(card.fd, card_offset(VFIO_REGIONS, 0)), 0);
	card_set_config(PCI_VENDOR_ID, 0x10d38086, 4);
	card_set_config(PCI_COMMAND, 0x0407, 2);
	card_set_config(PCI_STATUS, 0xa018, 2);
	card_set_config(PCI_CLASS_REVISION, 0x02000000, 4);
	card_set_config(PCI_HEADER_TYPE, 0x80, 1);
	card_set_config(PCI_BIST, 0x80, 1);
	card_set_config(PCI_BASE_ADDRESS_0, 0x10000000, 4);
	card_set_config(PCI_BASE_ADDRESS_1, 0x10020000, 4);
	card_set_config(PCI_BASE_ADDRESS_2, 0xc001, 4);
	card_set_config(PCI_BASE_ADDRESS_3, 0x10040000, 4);
	card_set_config(PCI_BASE_ADDRESS_4, 0x1010000c, 4);
	card_set_config(PCI_SUBSYSTEM_VENDOR_ID, 0xa01f8086, 4);
	card_set_config(PCI_ROM_ADDRESS, 0x10080001, 4);
	card_set_config(PCI_INTERRUPT_LINE, 0x020b, 2);
	make_caps();
}

/* Two areas in BAR 0, of which only one is good. */
static void add_sparse(struct vfio_region_info *info)
{
	struct vfio_region_info_cap_sparse_mmap *cap = (void *)(info + 1);

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	info->cap_offset = sizeof(*info);
	cap->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	cap->nr_areas = 2;
	cap->areas[0].offset = 0x1800;
	cap->areas[0].size = 0x3000;
	cap->areas[1].offset = 0x1f000;
	cap->areas[1].size = 0x2000;
}

static int region_info(struct vfio_region_info *info)
{
	if (info->index >= VFIO_REGIONS || card.size[info->index] == 0) {
		errno = EINVAL;
		return -1;
	}
	info->size = card.size[info->index];
	info->offset = (uint64_t)card_offset(info->index, 0);
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if ((card.mappable & 1u << info->index) != 0)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (info->index == 0 && card.sparse)
		add_sparse(info);
	return 0;
}

static int card_set_irqs(const struct vfio_irq_set *set)
{
	static const char *const name[] = { "intx", "msi", "msix" };
	const int32_t *fd = (const int32_t *)(set + 1);

	if ((set->flags & VFIO_IRQ_SET_ACTION_UNMASK) != 0) {
		event("unmask ");
		return 0;
	}
	if (set->index == VFIO_PCI_MSIX_IRQ_INDEX && set->count > card.grant)
		return (int)card.grant;
	for (uint32_t i = 0; i < set->count; i++)
		assert_true(fd[i] >= 0);
	event("%s=%u ", name[set->index], set->count);
	return 0;
}

static int card_ioctl(unsigned long request, void *arg)
{
	struct vfio_device_info *info = arg;
	struct vfio_irq_info *irq = arg;

	errno = EIO;
	if (request == card.fails)
		return -1;
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		irq->flags = VFIO_IRQ_INFO_EVENTFD;
		irq->count = card.vectors[irq->index];
		return 0;
	case VFIO_DEVICE_SET_IRQS:
		return card_set_irqs(arg);
	case VFIO_DEVICE_RESET:
		card.resets++;
		return 0;
	case VFIO_IOMMU_MAP_DMA:
		memcpy(&card.dma, arg, sizeof(card.dma));
		errno = card.dma_error;
		return card.dma_error == 0 ? 0 : -1;
	default:
		fail_msg("ioctl %lx", request);
		return -1;
	}
}

int fake_ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd == card.fd)
		return card_ioctl(request, arg);
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

uint32_t card_may_change(unsigned int at)
{
	switch (at) {
	case PCI_COMMAND:
		return COMMAND_BITS | (STATUS_ERRORS | 0x18u) << 16;
	case CARD_CAP_EXP + PCI_EXP_DEVCTL:
		return EXP_CONTROL | 0x000f0000;
	default:
		return 0;
	}
}

/* --- the VM ------------------------------------------------------------- */

static struct {
	uint64_t gpa;
	uint64_t size;
	char *host;
} slots[FAKE_SLOTS];

static uint32_t n_slots, n_gsis;

static unsigned int n_ranges;

struct vm_range ranges[2];

bool quiet;
uint32_t fake_vm_slot(struct vm *vm)
{
	(void)vm;
	assert_true(n_slots < FAKE_SLOTS);
	return n_slots++;
}

int fake_vm_place(struct vm *vm, uint32_t slot, uint64_t gpa, void *host,
		  uint64_t size)
{
	(void)vm;
	assert_true(slot < n_slots);
	/* The guest must not reach a card that does not answer. */
	assert_true((card_config(PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) != 0);
	if (size == 0) {
		/* As KVM: what is not there cannot be taken away. */
		assert_true(slots[slot].size != 0);
		slots[slot].size = 0;
		if (!quiet)
			event("hide %u ", slot);
		return 0;
	}
	assert_int_equal(slots[slot].size, 0);
	assert_int_equal((gpa | size | (uintptr_t)host) % 4096, 0);
	assert_true(gpa >= LAYOUT_PCI_MMIO);
	assert_true(gpa + size <= LAYOUT_PCI_MMIO + LAYOUT_PCI_MMIO_SIZE);
	for (uint32_t i = 0; i < n_slots; i++)
		if (slots[i].size != 0 && gpa < slots[i].gpa + slots[i].size &&
		    slots[i].gpa < gpa + size)
			return -EEXIST;
	slots[slot].gpa = gpa;
	slots[slot].host = host;
	slots[slot].size = size;
	if (!quiet)
		event("show %u ", slot);
	return 0;
}

int fake_vm_gsi(struct vm *vm)
{
	(void)vm;
	return n_gsis < VM_MAX_GSIS ? (int)n_gsis++ : -1;
}

int fake_vm_route_msi(struct vm *vm, uint32_t gsi, uint64_t address,
		      uint32_t data, uint32_t devid)
{
	(void)vm;
	assert_int_equal(devid, 8);
	event("route %u %llx %x ", gsi - LAYOUT_SPIS,
	      (unsigned long long)address, data);
	return 0;
}

int fake_vm_interrupt(struct vm *vm, uint32_t gsi, int eventfd,
		      struct error *err)
{
	(void)vm;
	(void)err;
	assert_true(eventfd >= 0);
	event("on %u ", gsi - LAYOUT_SPIS);
	return 0;
}

int fake_vm_interrupt_off(struct vm *vm, uint32_t gsi, int eventfd)
{
	(void)vm;
	assert_true(eventfd >= 0);
	event("off %u ", gsi - LAYOUT_SPIS);
	return 0;
}

int fake_vm_interrupt_level(struct vm *vm, uint32_t gsi, int eventfd,
			    int resample, struct error *err)
{
	(void)vm;
	(void)err;
	assert_true(eventfd >= 0 && resample >= 0 && eventfd != resample);
	assert_int_equal(gsi, LAYOUT_SPI_PCI_INTX);
	event("level ");
	return 0;
}

int fake_vm_trap(struct vm *vm, const struct vm_range *range, struct error *err)
{
	(void)vm;
	(void)err;
	assert_true(n_ranges < 2);
	ranges[n_ranges++] = *range;
	return 0;
}

/* --- the guest ---------------------------------------------------------- */

static const struct vm_range *range_of(uint64_t gpa)
{
	for (unsigned int i = 0; i < n_ranges; i++)
		if (gpa - ranges[i].base < ranges[i].size)
			return &ranges[i];
	fail_msg("nobody at %llx", (unsigned long long)gpa);
	return NULL;
}

char *direct(uint64_t gpa)
{
	for (uint32_t i = 0; i < n_slots; i++)
		if (gpa - slots[i].gpa < slots[i].size)
			return slots[i].host + (gpa - slots[i].gpa);
	return NULL;
}

/* An access that begins in memory and ends outside of it is trapped. */
static char *all_direct(uint64_t gpa, unsigned int len)
{
	return direct(gpa + len - 1) != NULL ? direct(gpa) : NULL;
}

uint64_t guest_read(uint64_t gpa, unsigned int len)
{
	const struct vm_range *r = range_of(gpa);
	uint64_t v = 0;

	if (all_direct(gpa, len) != NULL)
		memcpy(&v, direct(gpa), len);
	else
		r->read(r->ctx, gpa - r->base, &v, len);
	return v;
}

void guest_write(uint64_t gpa, uint64_t value, unsigned int len)
{
	const struct vm_range *r = range_of(gpa);

	if (all_direct(gpa, len) != NULL)
		memcpy(direct(gpa), &value, len);
	else
		r->write(r->ctx, gpa - r->base, &value, len);
}

/* --- a test's life ------------------------------------------------------ */

struct pci *pci;

struct error oops;

struct vm vm_of_test;

struct pci *try_attach(void)
{
	const int fds[VFIO_FDS] = { card.fd, card.fd, card.fd };

	n_slots = 0;
	n_ranges = 0;
	n_gsis = LAYOUT_SPIS;
	memset(slots, 0, sizeof(slots));
	oops.text[0] = '\0';
	events[0] = '\0';
	vm_of_test = (struct vm){ 0 };
	return pci_attach(&vm_of_test, PCI_NIC, fds, &oops);
}

void attach_card(void)
{
	pci = try_attach();
	assert_string_equal(oops.text, "");
	assert_non_null(pci);
	events[0] = '\0';
}

static void close_fd(int fd)
{
	if (fd > 0)
		close(fd);
}

void detach_card(void)
{
	if (pci == NULL)
		return;
	for (unsigned int b = 0; b < PCI_BARS; b++)
		for (unsigned int i = 0; i < pci->bar[b].n_pieces; i++)
			munmap(pci->bar[b].piece[i].host,
			       pci->bar[b].piece[i].size);
	for (unsigned int i = 0; i < PCI_MAX_VECTORS; i++)
		close_fd(pci->msix.vector[i].eventfd);
	close_fd(pci->trigger);
	close_fd(pci->resample);
	free(pci);
	pci = NULL;
}

int pci_setup(void **state)
{
	(void)state;
	quiet = false;
	make_card();
	return 0;
}

int pci_teardown(void **state)
{
	(void)state;
	detach_card();
	close(card.fd);
	return 0;
}
