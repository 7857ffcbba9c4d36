#include "arrivals.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define TICKS_A_SECOND 4000
#define TICKS_A_REFERENCE 256
#define MOST_IN_ONE 400
#define RUN_LIMIT 8191
#define NONE INT64_MIN

enum { MISSING = 0, SMALL = 1, LARGE = 2 };

struct message {
    uint8_t symbols[ARRIVALS_KEPT];
    int64_t ticks[ARRIVALS_KEPT];
    int count;
    uint8_t data[LARGEST_MESSAGE + 160];
};

static void forget(struct arrivals *all) {
    for (int i = 0; i < ARRIVALS_KEPT; i++) all->number[i] = -1;
    all->late = -1;
}

struct arrivals *arrivals_new(void) {
    struct arrivals *all = calloc(1, sizeof *all);
    if (!all) return NULL;
    all->highest = all->next = -1;
    forget(all);
    return all;
}

static int64_t tick_of(const struct arrivals *all, int64_t number) {
    int place = (int)(number % ARRIVALS_KEPT);
    return all->number[place] == number ? all->tick[place] : NONE;
}

void arrivals_came(struct arrivals *all, uint16_t sequence, double now) {
    int64_t number;
    if (all->highest < 0) {
        number = all->highest = all->next = (int64_t)sequence + 65536;
    } else {
        int32_t step = (int16_t)(uint16_t)(sequence - (uint16_t)all->highest);
        if (step > ARRIVALS_KEPT) { /* more than a message can bridge: what lies between is not told of */
            forget(all);
            all->highest = all->next = (all->highest / 65536 + 2) * 65536 + sequence;
            step = 0;
        } else if (step < -MOST_IN_ONE)
            return;
        number = all->highest + step;
        if (step > 0) all->highest = number;
    }
    if (tick_of(all, number) != NONE) return;
    all->number[number % ARRIVALS_KEPT] = number;
    all->tick[number % ARRIVALS_KEPT] = (int64_t)(now * TICKS_A_SECOND);
    if (number < all->next && (all->late < 0 || number < all->late)) all->late = number;
}

/* Run length (draft, 3.1.3) where that covers more than a status vector (3.1.4) would; bytes written. */
static int write_chunks(const uint8_t *symbols, int count, uint8_t *out) {
    int size = 0;
    for (int at = 0; at < count;) {
        int run = 1, vector = count - at < 14 ? count - at : 14, large = 0, chunk;
        while (at + run < count && symbols[at + run] == symbols[at] && run < RUN_LIMIT) run++;
        if (run >= 14 || at + run == count || (symbols[at] == LARGE && run >= 7)) {
            put16(out + size, (uint16_t)(symbols[at] << 13 | run));
            size += 2;
            at += run;
            continue;
        }
        for (int i = 0; i < vector; i++) large |= symbols[at + i] == LARGE;
        if (large && vector > 7) vector = 7;
        chunk = large ? 0xC000 : 0x8000;
        for (int i = 0; i < vector; i++) chunk |= symbols[at + i] << (large ? 2 * (6 - i) : 13 - i);
        put16(out + size, (uint16_t)chunk);
        size += 2;
        at += vector;
    }
    return size;
}

static void write_message(struct arrivals *all, struct message *one, int64_t low, uint32_t sender, uint32_t media, give_message give, void *to) {
    int64_t reference = 0, before = 0;
    uint8_t deltas[2 * ARRIVALS_KEPT];
    int delta_size = 0, begun = 0;
    for (int i = 0; i < one->count; i++) {
        if (one->ticks[i] == NONE) {
            one->symbols[i] = MISSING;
            continue;
        }
        if (!begun) {
            reference = one->ticks[i] / TICKS_A_REFERENCE;
            before = reference * TICKS_A_REFERENCE;
            begun = 1;
        }
        int64_t delta = one->ticks[i] - before;
        before = one->ticks[i];
        if (delta >= 0 && delta <= 0xFF) {
            one->symbols[i] = SMALL;
            deltas[delta_size++] = (uint8_t)delta;
        } else {
            one->symbols[i] = LARGE;
            put16(deltas + delta_size, (uint16_t)(int16_t)delta);
            delta_size += 2;
        }
    }
    uint8_t *data = one->data;
    /* A chunk covers seven at least but for the last of a message, and there are at most 400 that differ: it always fits. */
    int size = 20 + write_chunks(one->symbols, one->count, data + 20);
    if (size + delta_size + 3 > LARGEST_MESSAGE) return;
    memcpy(data + size, deltas, (size_t)delta_size);
    size += delta_size;
    int padding = (4 - size % 4) % 4;
    for (int i = 0; i < padding; i++) data[size++] = (uint8_t)(i == padding - 1 ? padding : 0);
    data[0] = (uint8_t)(0x80 | (padding ? 0x20 : 0) | 15);
    data[1] = 205;
    put16(data + 2, (uint16_t)(size / 4 - 1));
    put32(data + 4, sender);
    put32(data + 8, media);
    put16(data + 12, (uint16_t)low);
    put16(data + 14, (uint16_t)one->count);
    put32(data + 16, (uint32_t)(reference & 0xFFFFFF) << 8 | all->count++);
    give(to, data, size);
}

static void tell_range(
    struct arrivals *all, struct message *one, int64_t low, int64_t high, uint32_t sender, uint32_t media, int tells_losses, give_message give, void *to
) {
    one->count = (int)(high - low + 1);
    for (int i = one->count - 1; i >= 0; i--) {
        one->ticks[i] = tick_of(all, low + i);
        if (!tells_losses && one->ticks[i] == NONE && i + 1 < one->count) one->ticks[i] = one->ticks[i + 1];
    }
    write_message(all, one, low, sender, media, give, to);
}

int arrivals_tell(struct arrivals *all, uint32_t sender, uint32_t media, int tells_losses, give_message give, void *to) {
    static __thread struct message one;
    if (all->next < 0 || (all->late < 0 && all->highest < all->next)) return 0;
    int64_t low = all->late < 0 ? all->next : all->late, last = -1, before = 0;
    /* What lies further back than can be told of in one message has been overwritten. */
    int64_t from = low > all->highest - ARRIVALS_KEPT ? low : all->highest - ARRIVALS_KEPT + 1;
    all->late = -1;
    for (int64_t number = from; number <= all->highest; number++) {
        int64_t tick = tick_of(all, number);
        if (tick == NONE) continue;
        int64_t apart = tick > before ? tick - before : before - tick;
        if (last >= 0 && (number - low >= MOST_IN_ONE || apart > 0x7FFF - TICKS_A_REFERENCE)) {
            tell_range(all, &one, low, last, sender, media, tells_losses, give, to);
            low = last + 1;
        }
        if (low < number - ARRIVALS_KEPT + 1) low = number - ARRIVALS_KEPT + 1;
        last = number;
        before = tick;
    }
    if (last >= 0) tell_range(all, &one, low, last, sender, media, tells_losses, give, to);
    all->next = all->highest + 1;
    return 1;
}
