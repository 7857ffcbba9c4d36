/* How late packets come by the clock of the device that sends them: `media.calls.send_clock.SendClock`, word for word. Times in seconds. */
#ifndef HUIZHEN_SEND_CLOCK_H
#define HUIZHEN_SEND_CLOCK_H

#include <stdint.h>

#define LATE 512
#define UNEASY_S 0.02          /* media/calls/feedback_digest.py */

struct late { double at, queue_s; };
struct clock_state { double late_s, least, least_before; int32_t begun; };

struct send_clock {
    struct clock_state state;
    double transit, since, late_taken;  /* `late_taken`: NAN before bursts were taken */
    int32_t first;                 /* when the first packet of the open burst left; -1 for none */
    int count;
    struct late bursts[LATE];
};

void send_clock_begin(struct send_clock *clock);
/* A packet that left at `stamp` (24 bits, 18 of them after the point) came at `at`; whether much later than when bursts were taken last. */
int send_clock_came(struct send_clock *clock, int32_t stamp, double at);
/* The bursts since the last time; how many, at most `most`. */
int send_clock_take(struct send_clock *clock, struct clock_state *state, struct late *found, int most);

#endif
