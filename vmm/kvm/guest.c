/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Putting a driver VM together.
 *
 * RAM is ordinary memory of a region, which the monitor has cleared since the
 * guest's last life.  Shared regions belong to others; the card's DMA reaches
 * only RAM, not them.
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

/* What the guest may read only, and this process too. */
static bool readonly(unsigned int shared)
{
	return shared == SHARED_TRANSMIT || shared == SHARED_LINK;
}

/* --- memory --------------------------------------------------------------- */

static int show_memory(struct guest *g, const struct guest_config *c,
		       struct fdt_config *f, struct error *err)
{
	f->ram = c->cfg->memory;
	for (unsigned int i = 0; i < SHARED_REGIONS; i++)
		f->shared[i].size = c->shared_size[i];
	if (fdt_place_shared(f, err) != 0 ||
	    vm_memory(&g->vm, LAYOUT_RAM, c->ram, f->ram, false, err) != 0)
		return -1;
	for (unsigned int i = 0; i < SHARED_REGIONS; i++)
		if (vm_memory(&g->vm, f->shared[i].gpa, c->shared[i],
			      f->shared[i].size, readonly(i), err) != 0)
			return -1;
	return 0;
}

/* Kernel, initrd and device tree into RAM. */
static int load(struct guest *g, const struct guest_config *c,
		struct fdt_config *f, struct error *err)
{
	const struct sys_vm *cfg = c->cfg;
	struct image_plan plan;
	struct image image;
	struct stat st;
	char *ram = c->ram;

	if (fstat(c->fd[VM_FD_INITRD], &st) != 0)
		return error_set(err, "cannot look at %s: %s", cfg->initrd,
				 strerror(errno));
	if (image_check(&image, c->fd[VM_FD_KERNEL], cfg->kernel, err) != 0 ||
	    image_plan(&plan, &image, (uint64_t)st.st_size, f->ram, err) != 0)
		return -1;
	f->initrd = LAYOUT_RAM + plan.initrd;
	f->initrd_end = f->initrd + (uint64_t)st.st_size;
	if (image_load(&image, c->fd[VM_FD_KERNEL], cfg->kernel,
		       ram + plan.kernel, err) != 0 ||
	    image_load_initrd(c->fd[VM_FD_INITRD], cfg->initrd,
			      ram + plan.initrd, (uint64_t)st.st_size,
			      err) != 0 ||
	    fdt_make(f, ram + plan.fdt, IMAGE_FDT_SIZE, err) != 0)
		return -1;
	return vm_start(&g->vm, LAYOUT_RAM + plan.kernel, LAYOUT_RAM + plan.fdt,
			err);
}

static int fill_memory(struct guest *g, const struct guest_config *c,
		       struct error *err)
{
	struct fdt_config f = {
		.uncached = c->cfg->uncached,
		.append = c->cfg->append,
		.capacity = c->capacity,
		.buffer_size = c->buffer_size,
		.max_frame = c->max_frame,
	};

	if (getrandom(f.seed, sizeof(f.seed), 0) != (ssize_t)sizeof(f.seed))
		return error_set(err, "no randomness for the guest: %s",
				 strerror(errno));
	if (show_memory(g, c, &f, err) != 0)
		return -1;
	return load(g, c, &f, err);
}

/* --- devices -------------------------------------------------------------- */

static int make_console(struct guest *g, const struct guest_config *c,
			struct error *err)
{
	struct vm_range range = {
		.base = LAYOUT_CONSOLE,
		.size = LAYOUT_CONSOLE_SIZE,
		.read = console_read,
		.write = console_write,
		.ctx = &g->console,
	};
	int irq = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (irq < 0)
		return error_set(err, "cannot make an eventfd: %s",
				 strerror(errno));
	g->console = (struct console){
		.ram = c->ram,
		.base = LAYOUT_RAM,
		.size = c->cfg->memory,
		.irq = irq,
		.say = c->say,
		.ctx = c->say_ctx,
	};
	console_init(&g->console);
	if (vm_trap(&g->vm, &range, err) != 0 ||
	    vm_interrupt(&g->vm, LAYOUT_SPI_CONSOLE, irq, err) != 0)
		return -1;
	return vm_doorbell(&g->vm, LAYOUT_CONSOLE + CONSOLE_DOORBELL, c->kick,
			   err);
}

static int make_doorbells(struct guest *g, const struct guest_config *c,
			  struct error *err)
{
	if (vm_doorbell(&g->vm, LAYOUT_DOORBELL + DRIVER_DOORBELL_QUEUES,
			c->ring, err) != 0 ||
	    vm_doorbell(&g->vm, LAYOUT_DOORBELL + DRIVER_DOORBELL_STATUS,
			c->status_ring, err) != 0)
		return -1;
	return vm_interrupt(&g->vm, LAYOUT_SPI_DOORBELL, c->wait, err);
}

static int attach_card(struct guest *g, const struct guest_config *c,
		       struct error *err)
{
	g->pci = pci_attach(&g->vm, &c->fd[VM_FDS], err);
	if (g->pci == NULL)
		return -1;
	return pci_dma(g->pci, c->ram, LAYOUT_RAM, c->cfg->memory, err);
}

int guest_make(struct guest *g, const struct guest_config *c, struct error *err)
{
	if (vm_create(&g->vm, c->fd[VM_FD_KVM], err) != 0)
		return -1;
	g->vm.stats = c->stats;
	if (make_console(g, c, err) != 0 || make_doorbells(g, c, err) != 0 ||
	    fill_memory(g, c, err) != 0)
		return -1;
	return attach_card(g, c, err);
}
