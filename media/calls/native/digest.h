/* What transport-wide feedback tells of a connection, put together until somebody asks: `media.calls.transport_feedback.SentPackets` and
 * `media.calls.feedback_digest.Digest`, word for word. Times in seconds.
 */
#ifndef HUIZHEN_DIGEST_H
#define HUIZHEN_DIGEST_H

#include <stdint.h>

#define SENT 4096              /* packets remembered until they are told of: at 500 a second eight seconds */
#define BURSTS 512

struct burst { double at, late_s, unknown_s; int32_t octets; };
struct sent { double at; uint32_t size; int32_t state; };
struct told_of { double sent_at, lost_sent; uint32_t packets, lost; };

struct digest {
    int64_t next;                  /* the transport-wide number that the next packet will carry, without wrapping */
    struct sent sent[SENT];
    int64_t clock;                 /* the receiver's ticks, unwrapped, at the last message */
    int has_clock;
    struct told_of told;
    int count;
    struct burst bursts[BURSTS];
    int64_t highest;               /* of those that were told of */
    double told_arrival;
    int open, untold;
    double began;                  /* when the first packet of the open burst left */
    struct burst burst;
    double taken_late_s;           /* of the last burst that was taken; NAN before one was */
};

struct digest *digest_new(void);
/* A packet goes out under the number `next`, which becomes the one after it. */
void digest_sent(struct digest *all, uint32_t size, double now);
/* One RTCP packet, which may be no such message: 0 then, and for one that is broken. */
int digest_message(struct digest *all, const uint8_t *data, int size);
/* Whether something was lost since the last time, or came much later than then. */
int digest_uneasy(const struct digest *all);
/* What was told since the last time; bursts written, at most `most`. */
int digest_take(struct digest *all, struct told_of *told, struct burst *found, int most);

#endif
