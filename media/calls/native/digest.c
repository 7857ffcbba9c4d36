#include "digest.h"

#include <math.h>
#include <stdlib.h>

#include "bytes.h"

#define TICKS_A_SECOND 4000.0
#define TICKS_A_REFERENCE 256
#define WHOLE ((int64_t)1 << 32)   /* the receiver's clock begins anew after so many ticks */
#define MOST_STATUSES 4096
#define BURST_S 0.005
#define HEADERS 28
#define UNEASY_S 0.02              /* media/calls/feedback_digest.py */

enum { WAITING = 0, CALLED_LOST = 1, CAME = 2 };
enum { MISSING = 0, SMALL = 1, LARGE = 2, RESERVED = 3 };

static void begin(struct digest *all) {
    all->told = (struct told_of){-INFINITY, -INFINITY, 0, 0};
    all->count = all->open = all->untold = 0;
    all->began = -INFINITY;
    all->burst = (struct burst){0, 0, 0, 0};
}

struct digest *digest_new(void) {
    struct digest *all = calloc(1, sizeof *all);
    if (!all) return NULL;
    all->highest = -1;
    all->told_arrival = -INFINITY;
    all->taken_late_s = NAN;
    begin(all);
    return all;
}

void digest_sent(struct digest *all, uint32_t size, double now) {
    all->sent[all->next++ % SENT] = (struct sent){now, size, WAITING};
}

static void end_burst(struct digest *all) {
    if (all->open && all->count < BURSTS) all->bursts[all->count++] = all->burst;
}

/* A packet of which more is known than before. */
static void told(struct digest *all, int64_t number, const struct sent *one, int came, double arrived) {
    all->untold |= number > all->highest + 1 && all->highest >= 0; /* a message was lost, on the other way */
    if (number > all->highest) all->highest = number;
    if (one->at > all->told.sent_at) all->told.sent_at = one->at;
    all->told.packets++;
    if (!came) {
        all->told.lost++;
        if (one->at > all->told.lost_sent) all->told.lost_sent = one->at;
        return;
    }
    if (one->at - all->began > BURST_S || all->untold) {
        end_burst(all);
        all->began = one->at;
        all->burst.octets = 0;
        all->burst.unknown_s = 0;
    }
    if (all->untold) {
        all->burst.unknown_s = fmax(0.0, arrived - all->told_arrival);
        all->untold = 0;
    }
    all->open = 1;
    all->burst.at = all->told_arrival = arrived;
    all->burst.late_s = arrived - one->at;
    all->burst.octets += (int32_t)one->size + HEADERS;
}

/* The symbols of the chunks before `end`, `statuses` of them; where the deltas begin, or 0 when there are too few. */
static int read_chunks(const uint8_t *data, int end, int statuses, uint8_t *symbols) {
    int at = 20, count = 0;
    while (count < statuses && at + 2 <= end) {
        int chunk = get16(data + at);
        at += 2;
        if (chunk < 0x8000)
            for (int run = chunk & 0x1FFF; run > 0 && count < statuses; run--) symbols[count++] = (uint8_t)(chunk >> 13);
        else if (chunk < 0xC000)
            for (int place = 13; place >= 0 && count < statuses; place--) symbols[count++] = (uint8_t)(chunk >> place & 1);
        else
            for (int place = 12; place >= 0 && count < statuses; place -= 2) symbols[count++] = (uint8_t)(chunk >> place & 3);
    }
    return count < statuses ? 0 : at;
}

/* Ticks to add so that the receiver's clock goes on over its beginning anew. */
static int64_t unwrap(struct digest *all, int64_t first) {
    if (!all->has_clock) {
        all->has_clock = 1;
        all->clock = first;
        return 0;
    }
    int64_t step = (first - all->clock + WHOLE / 2) % WHOLE;
    if (step < 0) step += WHOLE;
    all->clock += step - WHOLE / 2;
    return all->clock - first;
}

int digest_message(struct digest *all, const uint8_t *data, int size) {
    static __thread uint8_t symbols[MOST_STATUSES];
    static __thread int64_t ticks[MOST_STATUSES];
    if (size < 22 || (data[0] & 0xDF) != (0x80 | 15) || data[1] != 205) return 0;
    int end = 4 + 4 * get16(data + 2), statuses = get16(data + 14), begun = 0;
    if (end > size || end < 22 || !statuses || statuses > MOST_STATUSES) return 0;
    if (data[0] & 0x20) end -= data[end - 1];
    int at = read_chunks(data, end, statuses, symbols);
    if (!at) return 0;
    int64_t tick = (int64_t)(get32(data + 16) >> 8) * TICKS_A_REFERENCE, first = 0;
    for (int i = 0; i < statuses; i++) {
        if (symbols[i] == MISSING) continue;
        if (symbols[i] == RESERVED || at + symbols[i] > end) return 0;
        tick += symbols[i] == SMALL ? data[at] : (int16_t)get16(data + at);
        at += symbols[i];
        ticks[i] = tick;
        if (!begun) first = tick;
        begun = 1;
    }
    int64_t shift = begun ? unwrap(all, first) : 0;
    int64_t base = all->next + (int16_t)(uint16_t)(get16(data + 12) - (uint16_t)all->next);
    for (int i = 0; i < statuses; i++) {
        int64_t number = base + i;
        if (number < 0 || number < all->next - SENT || number >= all->next) continue;
        struct sent *one = &all->sent[number % SENT];
        int state = symbols[i] == MISSING ? CALLED_LOST : CAME;
        if (state <= one->state) continue;
        one->state = state;
        told(all, number, one, state == CAME, (double)(ticks[i] + shift) / TICKS_A_SECOND);
    }
    return 1;
}

int digest_uneasy(const struct digest *all) {
    return all->told.lost > 0 || (all->open && all->burst.late_s - all->taken_late_s > UNEASY_S); /* never of NAN */
}

int digest_take(struct digest *all, struct told_of *told, struct burst *found, int most) {
    end_burst(all);
    if (all->open) all->taken_late_s = all->burst.late_s;
    int count = all->count < most ? all->count : most;
    for (int i = 0; i < count; i++) found[i] = all->bursts[i];
    *told = all->told;
    begin(all);
    return count;
}
