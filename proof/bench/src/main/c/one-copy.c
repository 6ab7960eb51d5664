/*
 * The least that DPDK's vhost library can be asked to do: two vhost-user servers, frames from one to the other with
 * one copy, guest to guest, without mbufs, ports, addresses, rules or counters. For ./do bench net --harder: what
 * hand-made C reaches where nothing has to be a switch.
 *
 *   one-copy EAL-OPTIONS -- SOCKET SOCKET     (two lcores: the second one forwards)
 *
 * Split and packed rings; frames of one descriptor into buffers of one descriptor, 12 bytes of header. Anything else
 * ends the program: its client sends nothing else. VIRTIO 1.2 sections 2.7 and 2.8.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/virtio_net.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_memcpy.h>
#include <rte_pause.h>
#include <rte_prefetch.h>
#include <rte_version.h>
#include <rte_vhost.h>

enum { BURST = 64, HEADER = 12, RX = 0, TX = 1, PACKED = 34 };
enum { PACKED_AVAIL = 1 << 7, PACKED_USED = 1 << 15, CALLS_OFF = 1 };

struct ring {
	struct rte_vhost_vring v;
	uint16_t at;      /* the next descriptor or entry */
	uint16_t used_at; /* split: the next used entry */
	int wrap;         /* packed */
};

struct port {
	struct rte_vhost_memory *memory;
	struct ring ring[2];
	int packed;
	atomic_int running; /* set by the library's thread when all above is, cleared by it; the worker looks between bursts */
};

struct frame {
	uint8_t *data;
	uint32_t length;
	uint16_t id;
	uint16_t flags;
};

static struct port ports[2];
static const char *paths[2];
static atomic_ulong turns;
static struct frame from[BURST], to[BURST];

static void die(const char *why)
{
	fprintf(stderr, "one-copy: %s\n", why);
	_exit(1);
}

static uint8_t *host(struct port *p, uint64_t guest, uint32_t length)
{
	uint64_t left = length;
	uint64_t at = rte_vhost_va_from_guest_pa(p->memory, guest, &left);
	if (at == 0 || left < length)
		die("an address outside of the guest's memory");
	return (uint8_t *)(uintptr_t)at;
}

static unsigned list_split(struct port *p, struct ring *r, struct frame *frames, unsigned most)
{
	struct vring_avail *avail = r->v.avail;
	unsigned mask = r->v.size - 1;
	uint16_t there = __atomic_load_n(&avail->idx, __ATOMIC_ACQUIRE) - r->at;
	unsigned count = RTE_MIN(there, most);
	for (unsigned i = 0; i < count; i++) {
		uint16_t head = avail->ring[(r->at + i) & mask];
		struct vring_desc *d = &r->v.desc[head & mask];
		if (d->flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT))
			die("a frame of several descriptors");
		frames[i] = (struct frame){ host(p, d->addr, d->len), d->len, head, 0 };
	}
	return count;
}

static unsigned list_packed(struct port *p, struct ring *r, struct frame *frames, unsigned most)
{
	unsigned at = r->at, count = 0;
	int wrap = r->wrap;
	for (; count < most; count++) {
		struct vring_packed_desc *d = &r->v.desc_packed[at];
		uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE);
		if (!!(flags & PACKED_AVAIL) != wrap || !!(flags & PACKED_USED) == wrap)
			break;
		if (flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT))
			die("a frame of several descriptors");
		frames[count] = (struct frame){ host(p, d->addr, d->len), d->len, d->id,
						flags & VRING_DESC_F_WRITE };
		if (++at == r->v.size) {
			at = 0;
			wrap = !wrap;
		}
	}
	return count;
}

static void call(struct ring *r, int wanted)
{
	if (wanted && r->v.callfd >= 0 && eventfd_write(r->v.callfd, 1) < 0)
		die("a call");
}

static void complete_split(struct ring *r, const struct frame *frames, const uint32_t *written, unsigned count)
{
	struct vring_used *used = r->v.used;
	unsigned mask = r->v.size - 1;
	for (unsigned i = 0; i < count; i++) {
		used->ring[(r->used_at + i) & mask].id = frames[i].id;
		used->ring[(r->used_at + i) & mask].len = written ? written[i] : 0;
	}
	r->at += count;
	r->used_at += count;
	__atomic_store_n(&used->idx, r->used_at, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	call(r, !(r->v.avail->flags & VRING_AVAIL_F_NO_INTERRUPT));
}

/* The first descriptor's flags last: its driver looks at no other before (section 2.8.6). */
static void complete_packed(struct ring *r, const struct frame *frames, const uint32_t *written, unsigned count)
{
	struct vring_packed_desc *first = &r->v.desc_packed[r->at];
	uint16_t first_flags = 0;
	for (unsigned i = 0; i < count; i++) {
		struct vring_packed_desc *d = &r->v.desc_packed[r->at];
		uint16_t flags = (r->wrap ? PACKED_AVAIL | PACKED_USED : 0) | frames[i].flags;
		d->id = frames[i].id;
		d->len = written ? written[i] : 0;
		if (i == 0)
			first_flags = flags;
		else
			__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
		if (++r->at == r->v.size) {
			r->at = 0;
			r->wrap = !r->wrap;
		}
	}
	__atomic_store_n(&first->flags, first_flags, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	call(r, r->v.driver_event->flags != CALLS_OFF);
}

static unsigned list(struct port *p, struct ring *r, struct frame *frames, unsigned most)
{
	return p->packed ? list_packed(p, r, frames, most) : list_split(p, r, frames, most);
}

static void complete(struct port *p, struct ring *r, const struct frame *f, const uint32_t *written, unsigned count)
{
	if (p->packed)
		complete_packed(r, f, written, count);
	else
		complete_split(r, f, written, count);
}

/* Each step is a loop of its own over the burst, so that many of the other core's lines are waited for at once. */
static unsigned pump(struct port *a, struct port *b)
{
	uint32_t lengths[BURST];
	unsigned count = list(a, &a->ring[TX], from, BURST);
	if (count == 0)
		return 0;
	for (unsigned i = 0; i < count; i++)
		rte_prefetch0(from[i].data);
	count = list(b, &b->ring[RX], to, count);
	for (unsigned i = 0; i < count; i++) {
		struct virtio_net_hdr_mrg_rxbuf *header = (void *)to[i].data;
		lengths[i] = from[i].length;
		if (lengths[i] <= HEADER || lengths[i] > to[i].length)
			die("a frame of no length, or longer than a buffer");
		*header = (struct virtio_net_hdr_mrg_rxbuf){ .num_buffers = 1 };
	}
	for (unsigned i = 0; i < count; i++)
		rte_memcpy(to[i].data + HEADER, from[i].data + HEADER, lengths[i] - HEADER);
	if (count > 0) {
		complete(b, &b->ring[RX], to, lengths, count);
		complete(a, &a->ring[TX], from, NULL, count);
	}
	return count;
}

static int forward(void *unused)
{
	(void)unused;
	for (;;) {
		unsigned done = 0;
		if (atomic_load(&ports[0].running) && atomic_load(&ports[1].running))
			done = pump(&ports[0], &ports[1]) + pump(&ports[1], &ports[0]);
		if (done == 0)
			rte_pause();
		atomic_store_explicit(&turns, atomic_load_explicit(&turns, memory_order_relaxed) + 1,
				      memory_order_release);
	}
	return 0;
}

static struct port *port_of(int vid)
{
	char name[4096];
	if (rte_vhost_get_ifname(vid, name, sizeof name) < 0)
		die("a device without a name");
	return &ports[strcmp(name, paths[0]) != 0];
}

static int new_device(int vid)
{
	struct port *p = port_of(vid);
	uint64_t features = 0;
	if (rte_vhost_get_negotiated_features(vid, &features) < 0 || rte_vhost_get_mem_table(vid, &p->memory) < 0)
		die("no features or memory");
	p->packed = features >> PACKED & 1;
	for (int i = RX; i <= TX; i++) {
		struct ring *r = &p->ring[i];
		uint16_t avail = 0, used = 0;
		if (rte_vhost_get_vhost_vring(vid, i, &r->v) < 0
		    || rte_vhost_get_vring_base(vid, i, &avail, &used) < 0)
			die("no ring");
		/* Of a packed ring the highest bit is the wrap counter. */
		r->at = p->packed ? avail & 0x7fff : avail;
		r->wrap = avail >> 15;
		r->used_at = used;
		rte_vhost_enable_guest_notification(vid, i, 0);
	}
	atomic_store(&p->running, 1);
	return 0;
}

static void destroy_device(int vid)
{
	struct port *p = port_of(vid);
	unsigned long seen;
	atomic_store(&p->running, 0);
	/* Two turns: the one under way and one that has seen it. */
	seen = atomic_load(&turns);
	while (atomic_load(&turns) - seen < 2)
		usleep(10);
	free(p->memory);
	p->memory = NULL;
}

static const struct rte_vhost_device_ops ops = { .new_device = new_device, .destroy_device = destroy_device };

int main(int argc, char **argv)
{
	int eal = rte_eal_init(argc, argv);
	if (eal < 0 || argc - eal != 3)
		die("usage: one-copy EAL-OPTIONS -- SOCKET SOCKET");
	if (rte_lcore_count() != 2)
		die("two lcores are needed");
	/* Not served here: frames that are still to be finished, chains in tables, notifications by index. */
	uint64_t left_out = 1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM
		| 1ULL << VIRTIO_NET_F_HOST_TSO4 | 1ULL << VIRTIO_NET_F_HOST_TSO6 | 1ULL << VIRTIO_NET_F_GUEST_TSO4
		| 1ULL << VIRTIO_NET_F_GUEST_TSO6 | 1ULL << VIRTIO_RING_F_INDIRECT_DESC
		| 1ULL << VIRTIO_RING_F_EVENT_IDX;
	for (int i = 0; i < 2; i++) {
		paths[i] = argv[eal + 1 + i];
		if (rte_vhost_driver_register(paths[i], 0) < 0
		    || rte_vhost_driver_disable_features(paths[i], left_out) < 0
		    || rte_vhost_driver_callback_register(paths[i], &ops) < 0)
			die("a socket cannot be had");
	}
	rte_eal_remote_launch(forward, NULL, rte_get_next_lcore(-1, 1, 0));
	for (int i = 0; i < 2; i++)
		if (rte_vhost_driver_start(paths[i]) < 0)
			die("a socket cannot be listened to");
	printf("ready %s\n", rte_version());
	fflush(stdout);
	pause();
	return 0;
}
