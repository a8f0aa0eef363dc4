/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting a driver VM together.
 *
 * RAM is ordinary memory of a region, which the monitor has cleared since the
 * guest's last life.  Shared regions belong to others.  The network card's DMA
 * reaches only RAM, not them.  A disk's reaches its window as well, which is the
 * data regions of all its clients one behind the other: data goes straight
 * between these and the disk.
 */
#include "vmm/kvm/guest.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "virt/driver_abi.h"
#include "vmm/kvm/image.h"
#include "vmm/kvm/layout.h"
#include "vmm/kvm/vm_stats.h"

/* What the guest may read only, and this process too. */
static bool readonly(unsigned int shared)
{
	return shared == SHARED_TRANSMIT || shared == SHARED_LINK ||
	       shared == SHARED_BLK_LINK;
}

/* --- memory ------------------------------------------------------------- */

/* The slots of the shared regions; virt/driver_abi.h says what is what. */
static uint32_t slot_of(const struct sys_component *cfg, unsigned int shared)
{
	const struct sys_wire *w = &cfg->wire;
	const uint32_t slot[SHARED_REGIONS] = {
		[SHARED_RX_ACTIVE] = w->ingress.active,
		[SHARED_RX_FREE] = w->ingress.free,
		[SHARED_TX_ACTIVE] = w->egress.active,
		[SHARED_TX_FREE] = w->egress.free,
		[SHARED_RECEIVE] = w->ingress.data,
		[SHARED_TRANSMIT] = w->egress.data,
		[SHARED_LINK] = w->link,
		[SHARED_STATUS] = cfg->vm.status,
		[SHARED_BLK_REQUESTS] = cfg->vm.blk.request,
		[SHARED_BLK_RESPONSES] = cfg->vm.blk.response,
		[SHARED_BLK_LINK] = cfg->vm.blk.link,
		[SHARED_BLK_INFO] = cfg->vm.blk.info,
		/* Many, see show_window(). */
		[SHARED_BLK_WINDOW] = SYS_NONE,
	};

	return slot[shared];
}

static void *ram_of(struct component *c)
{
	return pd_region(c, c->cfg->vm.ram, NULL);
}

struct guest_region guest_ram(struct component *c)
{
	return (struct guest_region){
		.start = LAYOUT_RAM,
		.size = c->cfg->vm.memory,
		.host = ram_of(c),
		.writable = true,
	};
}

/* Which cards the guest has. */
static bool has(const struct sys_vm *cfg, enum pci_card card)
{
	return (card == PCI_NIC ? cfg->nic : cfg->storage)[0] != '\0';
}

static uint64_t window_size(struct component *c)
{
	const struct sys_vm *cfg = &c->cfg->vm;
	uint64_t total = 0;
	size_t size;

	for (uint32_t i = 0; i < cfg->n_blk_data; i++) {
		(void)pd_region(c, cfg->blk_data[i], &size);
		total += size;
	}
	return total;
}

static int show_window(struct guest *g, struct component *c, uint64_t gpa,
		       struct error *err)
{
	const struct sys_vm *cfg = &c->cfg->vm;
	size_t size;

	for (uint32_t i = 0; i < cfg->n_blk_data; i++) {
		void *host = pd_region(c, cfg->blk_data[i], &size);

		if (vm_memory(&g->vm, gpa, host, size, false, err) != 0 ||
		    pci_dma(g->card[PCI_STORAGE], host, gpa, size, err) != 0)
			return -1;
		gpa += size;
	}
	return 0;
}

static int show_memory(struct guest *g, struct component *c,
		       struct fdt_config *f, struct error *err)
{
	void *host[SHARED_REGIONS];
	size_t size = 0;

	for (unsigned int i = 0; i < SHARED_REGIONS; i++) {
		host[i] = pd_region(c, slot_of(c->cfg, i), &size);
		f->shared[i].size = host[i] != NULL ? size : 0;
	}
	if (has(&c->cfg->vm, PCI_STORAGE))
		f->shared[SHARED_BLK_WINDOW].size = window_size(c);
	if (fdt_place_shared(f, err) != 0 ||
	    vm_memory(&g->vm, LAYOUT_RAM, ram_of(c), f->ram, false, err) != 0)
		return -1;
	for (unsigned int i = 0; i < SHARED_REGIONS; i++)
		if (host[i] != NULL &&
		    vm_memory(&g->vm, f->shared[i].gpa, host[i],
			      f->shared[i].size, readonly(i), err) != 0)
			return -1;
	if (!has(&c->cfg->vm, PCI_STORAGE))
		return 0;
	return show_window(g, c, f->shared[SHARED_BLK_WINDOW].gpa, err);
}

int guest_create(struct vm *vm, struct component *c, unsigned int cpus,
		 struct error *err)
{
	struct vm_stats *stats = pd_region(c, c->cfg->vm.vmm_stats, NULL);

	if (stats != NULL)
		*stats = (struct vm_stats){ .magic = VM_STATS_MAGIC };
	if (vm_create(vm, c->fd[VM_FD_KVM], cpus, err) != 0)
		return -1;
	vm->stats = stats;
	return 0;
}

int guest_load(struct vm *vm, struct component *c, struct fdt_config *f,
	       struct error *err)
{
	const struct sys_vm *cfg = &c->cfg->vm;
	int kernel = c->fd[VM_FD_KERNEL], initrd = c->fd[VM_FD_INITRD];
	struct image_plan plan;
	struct image image;
	struct stat st;
	char *ram = ram_of(c);

	if (getrandom(f->seed, sizeof(f->seed), 0) != (ssize_t)sizeof(f->seed))
		return error_errno(err, "no randomness for the guest");
	if (fstat(initrd, &st) != 0)
		return error_errno(err, "cannot look at %s", cfg->initrd);
	if (image_check(&image, kernel, cfg->kernel, err) != 0 ||
	    image_plan(&plan, &image, (uint64_t)st.st_size, f->ram, err) != 0)
		return -1;
	f->initrd = LAYOUT_RAM + plan.initrd;
	f->initrd_end = f->initrd + (uint64_t)st.st_size;
	if (image_load(&image, kernel, cfg->kernel, ram + plan.kernel, err) !=
		    0 ||
	    image_load_initrd(initrd, cfg->initrd, ram + plan.initrd,
			      (uint64_t)st.st_size, err) != 0 ||
	    fdt_make(f, ram + plan.fdt, IMAGE_FDT_SIZE, err) != 0)
		return -1;
	return vm_start(vm, LAYOUT_RAM + plan.kernel, LAYOUT_RAM + plan.fdt,
			err);
}

static int fill_memory(struct guest *g, struct component *c, struct error *err)
{
	struct fdt_config f = {
		.cpus = 1,
		.ram = c->cfg->vm.memory,
		.uncached = c->cfg->vm.uncached,
		.append = c->cfg->vm.append,
		.capacity = c->cfg->wire.capacity,
		.buffer_size = c->cfg->wire.buffer_size,
		.max_frame = c->cfg->wire.max_frame,
		.max_segment = c->cfg->wire.max_segment,
		.blk_capacity = c->cfg->vm.blk.capacity,
	};

	if (show_memory(g, c, &f, err) != 0)
		return -1;
	return guest_load(&g->vm, c, &f, err);
}

/* --- devices ------------------------------------------------------------ */

static void say(void *component, const char *line)
{
	pd_log(component, "guest: %s", line);
}

int guest_console(struct console *console, struct vm *vm, struct component *c,
		  int kick, struct error *err)
{
	const struct guest_region ram = guest_ram(c);

	if (virtio_device_begin(&console->dev, &ram, err) != 0)
		return -1;
	console->say = say;
	console->ctx = c;
	console_init(console);
	if (virtio_device_plug(&console->dev, vm, LAYOUT_CONSOLE,
			       LAYOUT_SPI_CONSOLE, err) != 0)
		return -1;
	return vm_doorbell(vm, LAYOUT_CONSOLE + MMIO_NOTIFY, kick, err);
}

/* A store of the guest's that notifies a channel's other end. */
static int make_doorbell(struct guest *g, struct component *c, uint32_t channel,
			 uint32_t offset, int *wait, struct error *err)
{
	int ring;

	if (pd_channel_fds(c, channel, wait, &ring) != 0)
		return error_set(err, "a driver VM needs a domain of its own");
	return vm_doorbell(&g->vm, LAYOUT_DOORBELL + offset, ring, err);
}

/* Likewise, with the interrupt for notifications in the other direction. */
static int make_connection(struct guest *g, struct component *c,
			   uint32_t channel, uint32_t offset, struct error *err)
{
	int wait;

	if (make_doorbell(g, c, channel, offset, &wait, err) != 0)
		return -1;
	return vm_interrupt(&g->vm, LAYOUT_SPI_DOORBELL, wait, err);
}

static int make_doorbells(struct guest *g, struct component *c,
			  struct error *err)
{
	const struct sys_vm *cfg = &c->cfg->vm;
	int unused;

	if (make_doorbell(g, c, cfg->status_channel, DRIVER_DOORBELL_STATUS,
			  &unused, err) != 0 ||
	    (has(cfg, PCI_NIC) &&
	     make_connection(g, c, c->cfg->wire.channel, DRIVER_DOORBELL_QUEUES,
			     err) != 0) ||
	    (has(cfg, PCI_STORAGE) &&
	     make_connection(g, c, cfg->blk.channel, DRIVER_DOORBELL_BLK,
			     err) != 0))
		return -1;
	return 0;
}

/* Each reaches the guest's RAM. */
static int attach_cards(struct guest *g, struct component *c, struct error *err)
{
	const int *fds = &c->fd[VM_FDS];

	for (enum pci_card i = 0; i < PCI_CARDS; i++) {
		if (!has(&c->cfg->vm, i))
			continue;
		g->card[i] = pci_attach(&g->vm, i, fds, err);
		if (g->card[i] == NULL ||
		    pci_dma(g->card[i], ram_of(c), LAYOUT_RAM,
			    c->cfg->vm.memory, err) != 0)
			return -1;
		fds += VFIO_FDS;
	}
	return 0;
}

int guest_make(struct guest *g, struct component *c, int kick,
	       struct error *err)
{
	if (guest_create(&g->vm, c, 1, err) != 0 ||
	    guest_console(&g->console, &g->vm, c, kick, err) != 0 ||
	    make_doorbells(g, c, err) != 0 || attach_cards(g, c, err) != 0)
		return -1;
	return fill_memory(g, c, err);
}
