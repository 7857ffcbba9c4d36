#define _GNU_SOURCE
#include "datagrams.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define MOST_SEGMENTS 16

union control { struct cmsghdr head; char room[CMSG_SPACE(sizeof(uint16_t))]; };

/* How many from the first on can be handed over as one: all as long as the first, but the last, which may be shorter. */
static int row(const struct iovec *parts, int count) {
    int length = 1;
    while (length < count && length < MOST_SEGMENTS && parts[length].iov_len == parts[0].iov_len) length++;
    if (length < count && length < MOST_SEGMENTS && parts[length].iov_len < parts[0].iov_len) length++;
    return length;
}

static void cut_into(struct msghdr *head, union control *control, size_t size) {
    memset(control, 0, sizeof *control);
    control->head.cmsg_level = SOL_UDP;
    control->head.cmsg_type = UDP_SEGMENT;
    control->head.cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t segment = (uint16_t)size;
    memcpy(CMSG_DATA(&control->head), &segment, sizeof segment);
    head->msg_control = control;
    head->msg_controllen = sizeof *control;
}

int send_datagrams(int fd, struct iovec *parts, int count, int *segmenting) {
    struct mmsghdr messages[MOST_AT_ONCE];
    union control controls[MOST_AT_ONCE];
    int made = 0, done = 0, unsent = 0;
    for (int at = 0; at < count; made++) {
        struct msghdr *head = &messages[made].msg_hdr;
        memset(head, 0, sizeof *head);
        head->msg_iov = parts + at;
        head->msg_iovlen = *segmenting ? (size_t)row(parts + at, count - at) : 1;
        if (head->msg_iovlen > 1) cut_into(head, &controls[made], parts[at].iov_len);
        at += (int)head->msg_iovlen;
    }
    while (done < made) {
        int sent = sendmmsg(fd, messages + done, (unsigned)(made - done), MSG_DONTWAIT);
        if (sent > 0) {
            done += sent;
            continue;
        }
        if (errno == EINTR) continue;
        struct msghdr *head = &messages[done].msg_hdr;
        if (head->msg_iovlen > 1 && (errno == EIO || errno == EINVAL || errno == EMSGSIZE || errno == EOPNOTSUPP || errno == ENOPROTOOPT)) {
            *segmenting = 0;
            struct iovec *rest = head->msg_iov;
            return unsent + send_datagrams(fd, rest, (int)(parts + count - rest), segmenting);
        }
        /* A full buffer or an unreachable address loses these, as the link would. */
        unsent += (int)head->msg_iovlen;
        done++;
    }
    return unsent;
}
