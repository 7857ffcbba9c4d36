/* Several datagrams to one address with few calls of the system, as `media.calls.datagrams.Leaving` sends them. */
#ifndef HUIZHEN_DATAGRAMS_H
#define HUIZHEN_DATAGRAMS_H

#include <sys/uio.h>

#define MOST_AT_ONCE 256

/* Sends `count` datagrams (at most MOST_AT_ONCE) over a connected socket; how many of them the system would not take. Those of one size in a row (the packets
 * of a picture) are handed over as one, which the system cuts, while `*segmenting`: it becomes 0 where that cannot be done. */
int send_datagrams(int fd, struct iovec *parts, int count, int *segmenting);

#endif
