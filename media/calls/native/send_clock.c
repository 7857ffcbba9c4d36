#include "send_clock.h"

#include <math.h>
#include <string.h>

#define TICKS_A_SECOND 262144.0
#define STAMPS 16777216
#define BURST (262144 / 200)
#define MEMORY_S 10.0

void send_clock_begin(struct send_clock *clock) {
    memset(clock, 0, sizeof *clock);
    clock->first = -1;
    clock->late_taken = NAN;
}

static void count(struct send_clock *clock, int32_t stamp, double at) {
    struct clock_state *state = &clock->state;
    double transit = at * TICKS_A_SECOND - stamp;
    if (state->begun) {
        double step = fmod(transit - clock->transit + STAMPS / 2, STAMPS);
        if (step < 0) step += STAMPS;
        state->late_s += (step - STAMPS / 2) / TICKS_A_SECOND;
    }
    state->begun = 1;
    clock->transit = transit;
    if (state->late_s < state->least) state->least = state->late_s;
    if (at - clock->since > MEMORY_S) {
        state->least_before = state->least;
        state->least = state->late_s;
        clock->since = at;
    }
}

int send_clock_came(struct send_clock *clock, int32_t stamp, double at) {
    count(clock, stamp, at);
    struct clock_state *state = &clock->state;
    struct late burst = {at, state->late_s - fmin(state->least, state->least_before)};
    if (clock->first < 0 || ((stamp - clock->first) & (STAMPS - 1)) > BURST) {
        clock->first = stamp;
        if (clock->count == LATE) memmove(clock->bursts, clock->bursts + 1, sizeof *clock->bursts * (LATE - 1));
        else clock->count++;
    }
    clock->bursts[clock->count - 1] = burst;
    return state->late_s - clock->late_taken > UNEASY_S; /* never of NAN */
}

int send_clock_take(struct send_clock *clock, struct clock_state *state, struct late *found, int most) {
    int taken = clock->count < most ? clock->count : most;
    memcpy(found, clock->bursts, sizeof *found * (size_t)taken);
    *state = clock->state;
    clock->count = 0;
    clock->first = -1;
    if (clock->state.begun) clock->late_taken = clock->state.late_s;
    return taken;
}
