/* What one connection received, by transport-wide sequence number, and the messages that tell its sender: `media.calls.transport_feedback.Arrivals`
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01) word for word, so that tests hold the one to the other. Times in seconds.
 */
#ifndef HUIZHEN_ARRIVALS_H
#define HUIZHEN_ARRIVALS_H

#include <stdint.h>

#define ARRIVALS_KEPT 4096   /* numbers that one message may tell of, and by which one may be ahead of the last */
#define LARGEST_MESSAGE 1500

struct arrivals {
    int64_t highest, next, late;          /* next: the first that no message has told of; late: the lowest that came after it was called missing */
    int64_t number[ARRIVALS_KEPT], tick[ARRIVALS_KEPT];
    uint8_t count;
};

typedef void (*give_message)(void *to, uint8_t *data, int size);

struct arrivals *arrivals_new(void);
void arrivals_came(struct arrivals *all, uint16_t sequence, double now);
/* Everything since the last time, in messages from `sender` about `media`; 0 when nothing came. Without `tells_losses` what is lost counts as having
 * come with the one after it. `give` has room for a cipher's trailer behind each message. */
int arrivals_tell(struct arrivals *all, uint32_t sender, uint32_t media, int tells_losses, give_message give, void *to);

#endif
