// SPDX-License-Identifier: GPL-2.0
/*
 * weir_shared: memory shared with a driver VM, for user space, as cached
 * memory.
 *
 * Stock UIO (uio_pdrv_genirq) maps the registers of a platform device, so it
 * maps them as device memory: every access goes all the way to memory, must be
 * aligned, and cannot be given to the kernel for direct I/O. Queues and buffers
 * are ordinary memory, however, and on the other side are mapped as such.
 *
 * A device node compatible with "weir,shared-memory" lists regions in its
 * `reg`. They must be memory of which this kernel has a mapping already:
 * reserved memory inside a memory node and *without* `no-map`. UIO's logical
 * mappings then give user space the same attributes as the kernel's own
 * mapping, so there are no two aliases that differ, and the pages can be
 * pinned.
 *
 * The device's name is the property `linux,uio-name`, or the node's name. There
 * is no interrupt here: doorbells and interrupts are a device of their own,
 * served by uio_pdrv_genirq.
 *
 * A region that the other side gives for reading only must not be written; the
 * hypervisor sees to that, not this module.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/uio_driver.h>

/* Is all of it RAM that this kernel has mapped? */
static bool is_mapped_memory(const struct resource *r)
{
	phys_addr_t at;

	for (at = r->start; at < r->end; at += PAGE_SIZE)
		if (!pfn_is_map_memory(PHYS_PFN(at)))
			return false;
	return true;
}

static int weir_shared_add(struct device *dev, struct uio_mem *mem,
			   const struct resource *r)
{
	if (!PAGE_ALIGNED(r->start) || !PAGE_ALIGNED(resource_size(r)))
		return dev_err_probe(dev, -EINVAL,
				     "%pR is not whole pages\n", r);
	if (!is_mapped_memory(r))
		return dev_err_probe(dev, -EINVAL,
				     "%pR is not in a memory node, or reserved with no-map\n",
				     r);
	mem->memtype = UIO_MEM_LOGICAL;
	mem->addr = (phys_addr_t)(uintptr_t)phys_to_virt(r->start);
	mem->size = resource_size(r);
	return 0;
}

static int weir_shared_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct uio_info *info;
	unsigned int n = 0;
	u32 i;

	info = devm_kzalloc(dev, sizeof(*info), GFP_KERNEL);
	if (!info)
		return -ENOMEM;
	if (of_property_read_string(dev->of_node, "linux,uio-name",
				    &info->name))
		info->name = dev->of_node->full_name;
	info->version = "1";
	info->irq = UIO_IRQ_NONE;
	for (i = 0; i < pdev->num_resources; i++) {
		const struct resource *r = &pdev->resource[i];
		int ret;

		if (resource_type(r) != IORESOURCE_MEM)
			continue;
		if (n == MAX_UIO_MAPS)
			return dev_err_probe(dev, -E2BIG,
					     "more than %d regions\n",
					     MAX_UIO_MAPS);
		ret = weir_shared_add(dev, &info->mem[n], r);
		if (ret)
			return ret;
		n++;
	}
	if (!n)
		return dev_err_probe(dev, -EINVAL, "no regions\n");
	return devm_uio_register_device(dev, info);
}

static const struct of_device_id weir_shared_ids[] = {
	{ .compatible = "weir,shared-memory" },
	{}
};
MODULE_DEVICE_TABLE(of, weir_shared_ids);

static struct platform_driver weir_shared_driver = {
	.probe = weir_shared_probe,
	.driver = {
		.name = "weir_shared",
		.of_match_table = weir_shared_ids,
	},
};
module_platform_driver(weir_shared_driver);

MODULE_DESCRIPTION("UIO with cached mappings of memory shared with a driver VM");
MODULE_AUTHOR("The Weir developers");
MODULE_LICENSE("GPL");
