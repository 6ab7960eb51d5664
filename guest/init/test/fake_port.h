/* A virtio-serial port as Linux (drivers/char/virtio_console.c) and QEMU (hw/char/virtio-serial-bus.c) make it behave
 * for init, without either. What matters: the host's bytes and the news that a host came or went reach the guest on two
 * roads, an interrupt and a work queue, each in its order and neither waiting for the other. */
#pragma once
#include "test.h"

enum { PORT_SAID = 1 << 20, HOSTS = 8 };
struct port {
    void (*between)(void);    /* called before each system call on the port: the world may move on here */
    bool connected, woken;    /* what the guest's kernel knows */
    bool news[2 * HOSTS];     /* under way on the work queue */
    int news_at, news_count;
    uint8_t under_way[1 << 20], inbox[1 << 20];   /* of the host's bytes: not here yet, here */
    size_t under_way_at, under_way_length, inbox_at, inbox_length;
    int hosts;                /* how many connected so far; the last may have left */
    bool present;
    uint8_t heard[HOSTS][PORT_SAID];              /* what each host heard */
    size_t heard_length[HOSTS];
    size_t write_most;        /* a write takes no more than this; 0: the queue is full */
};
extern struct port port;

void port_begin(void);        /* /sys and /dev show a port mike.control from here on */
void port_end(void);
void port_fresh(void);        /* no host, nothing under way */
void host_comes(void);
void host_leaves(void);
void host_says(const void *bytes, size_t length);
void host_frame(enum type type, uint16_t channel, const void *data, size_t length);
bool news_arrives(void);      /* false: there is none */
bool bytes_arrive(size_t most);
void all_arrives(void);
/* The first frame of that type that the newest host heard behind a WELCOME with `nonce` (or that WELCOME). */
bool host_heard(const char *nonce, enum type type, struct frame *f);
