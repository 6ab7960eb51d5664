/* Frames of mike.control: u8 type, u8 0, u16 channel, u32 length, little-endian, then the payload. No I/O here. */
#include "init.h"

uint32_t load32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void store32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

ssize_t frame_next(const uint8_t *bytes, size_t length, struct frame *out) {
    if (length && bytes[0] == PADDING) {  /* a new host says it to finish what its predecessor left half said */
        *out = (struct frame){.type = PADDING};
        return 1;
    }
    if (length < FRAME_HEAD) return 0;
    *out = (struct frame){bytes[0], bytes[1], (uint16_t)load32(bytes + 2), load32(bytes + 4), bytes + FRAME_HEAD};
    if (out->length > FRAME_MAX) return -1;
    return length < FRAME_HEAD + out->length ? 0 : (ssize_t)(FRAME_HEAD + out->length);
}

void frame_head(uint8_t head[FRAME_HEAD], enum type type, uint16_t channel, uint32_t length) {
    store32(head, (uint32_t)type | (uint32_t)channel << 16);
    store32(head + 4, length);
}

int frame_words(const struct frame *f, char **words, int max) {
    /* The mark tells a whole frame from one that padding filled up: half a command must never run. */
    if (f->length < 2 || f->data[f->length - 1] != 0xff || f->data[f->length - 2] != 0) return -1;
    int count = 0;
    const char *end = (const char *)f->data + f->length - 1;
    for (const char *at = (const char *)f->data; at < end; at += strlen(at) + 1) {
        if (count == max) return -1;
        words[count++] = (char *)(uintptr_t)at;
    }
    words[count] = NULL;
    return count;
}
