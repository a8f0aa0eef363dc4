/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices behind registers, whose driver does what the fuzzer says (libFuzzer):
 * two queues are a console's, the third wants random bytes.  All three are on
 * the same rings, if the driver says so.
 */
#include "tests/fuzz/script.h"

#include "virtio/console.h"
#include "virtio/mmio.h"
#include "virtio/rng.h"

#define QUEUES 3u
#define RNG 2u
#define SLOTS 8u

static struct device {
	struct mmio m;
	struct virtio_console console;
	struct vq *rng;
	struct vq_chain chain;
	struct vq_rig rig;
	struct vq_config agreed[QUEUES];
} dev;

/* Alone, so that the sanitiser sees what goes beyond. */
static _Alignas(8) uint8_t page[MMIO_SIZE];

static void begin(void *ctx, unsigned int queue)
{
	struct vq *vq = &dev.m.queue[queue].vq;

	(void)ctx;
	must(queue < QUEUES && mmio_running(&dev.m) && vq->size <= SLOTS);
	dev.agreed[queue] = dev.m.queue[queue].config;
	if (queue != RNG) {
		virtio_console_begin(&dev.console, queue, vq);
		return;
	}
	must(dev.rng == NULL);
	dev.rng = vq;
}

static void end(void *ctx, unsigned int queue)
{
	(void)ctx;
	must(queue < QUEUES);
	if (queue == RNG)
		dev.rng = NULL;
	else
		virtio_console_end(&dev.console, queue);
}

static void interrupt(void *ctx)
{
	(void)ctx;
}

static const struct mmio_ops ops = {
	.begin = begin,
	.end = end,
	.interrupt = interrupt,
};

static void set(uint32_t at, uint32_t value)
{
	mmio_write(&dev.m, at, &value, sizeof(value));
}

/* What drivers do. */
static void start(struct script *s)
{
	uint32_t high = 1 | (next(s) & 1 ? 4 : 0);

	set(MMIO_STATUS, 0);
	set(MMIO_STATUS, 3);
	set(MMIO_ACCEPTS_SEL, 1);
	set(MMIO_ACCEPTS, high);
	set(MMIO_ACCEPTS_SEL, 0);
	set(MMIO_ACCEPTS, next(s) & 1 ? 3u << 28 : 0);
	set(MMIO_STATUS, 11);
	for (uint32_t i = 0; i < QUEUES; i++) {
		set(MMIO_QUEUE_SEL, i);
		set(MMIO_QUEUE_SIZE, 1u << next(s) % 12);
		set(MMIO_RING_DESC, (uint32_t)VR_BASE);
		set(MMIO_RING_DRIVER, (uint32_t)VR_BASE + VR_DRIVER);
		set(MMIO_RING_DEVICE, (uint32_t)VR_BASE + VR_DEVICE);
		set(MMIO_QUEUE_READY, next(s) & 1);
	}
	set(MMIO_STATUS, 15);
}

/* What devices do. */
static void work(struct script *s)
{
	uint8_t text[300] = { 0 };
	int n = 0;

	switch (next(s) % 4) {
	case 0:
		n = virtio_console_take(&dev.console, text, 1 + next(s));
		break;
	case 1:
		n = virtio_console_put(&dev.console, text, next(s));
		break;
	case 2:
		if (dev.rng != NULL)
			n = virtio_rng_put(dev.rng, &dev.chain, text, next(s));
		break;
	default:
		virtio_console_arm(&dev.console, next(s) & 1);
		return;
	}
	must(n <= 256);
	if (virtio_console_publish(&dev.console))
		mmio_raise(&dev.m);
	if (n < 0)
		mmio_fail(&dev.m);
}

static void any_write(struct script *s)
{
	uint32_t at = next(s) * 4, value = word(s);

	mmio_write(&dev.m, at, &value, sizeof(value));
}

static void any_read(struct script *s)
{
	uint8_t data[8];

	mmio_read(&dev.m, next_word(s), data, 1u << next(s) % 4);
}

static void step(struct script *s)
{
	switch (next(s) % 8) {
	case 0:
		start(s);
		break;
	case 1:
		any_write(s);
		break;
	case 2:
		any_read(s);
		break;
	case 3:
		spoil(&dev.rig, s);
		break;
	case 4:
		add(&dev.rig, s, next(s) & 1);
		break;
	default:
		work(s);
		break;
	}
}

/* What was agreed stays. */
static void check(void)
{
	for (unsigned int i = 0; i < QUEUES; i++)
		must(!dev.m.queue[i].on ||
		     memcmp(&dev.m.queue[i].config, &dev.agreed[i],
			    sizeof(dev.agreed[i])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { data, size };

	memset(&dev, 0, sizeof(dev));
	vr_begin(&dev.rig, next(&s), SLOTS, VR_FEATURES);
	dev.m = (struct mmio){
		.device = 3,
		.offers = CONSOLE_RINGS,
		.queues = QUEUES,
		.longest = SLOTS,
		.memory = &dev.rig.memory,
		.page = page,
		.ops = &ops,
	};
	mmio_init(&dev.m);
	while (s.left > 0) {
		step(&s);
		check();
	}
	set(MMIO_STATUS, 0);
	must(dev.rng == NULL && dev.console.rx == NULL &&
	     dev.console.tx == NULL);
	vr_end(&dev.rig);
	return 0;
}
