/* Passes RTP from publishers to receivers in a thread of its own, without Python's lock.
 *
 * What belongs to one member's connection is a `conn`: a connected UDP socket, and the two SRTP sessions that the handshake left behind
 * (libsrtp's functions are given from outside, so that nothing else is linked). A `source` is one RTP stream that a conn brings; an `out` is one
 * stream that a conn is given, under its own numbers. Only what has been declared is handled here: every other datagram (STUN, DTLS, RTP of an
 * unknown SSRC) goes up to Python as it came, RTCP goes up decrypted.
 *
 * RTP: RFC 3550. Header extensions: RFC 8285. Retransmission: RFC 4588. VP8 payload descriptor: RFC 7741, 4.2. H.264 NAL units: RFC 6184, 5.2.
 * One mutex guards everything; it is held for one batch of datagrams at a time. Times are seconds of CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "arrivals.h"
#include "bytes.h"
#include "datagrams.h"
#include "digest.h"
#include "send_clock.h"
#include "short_turns.h"

#define MOST 1600              /* bytes of a datagram; a longer one is cut by the kernel and fails its authentication */
#define TRAILER 160            /* bytes that SRTP and SRTCP may add (SRTP_MAX_SRTCP_TRAILER_LEN) */
#define EXTENSION 8            /* bytes of the one header extension that goes out: the transport-wide sequence number */
#define BATCH 32               /* datagrams taken from a socket at once */
#define POOL MOST_AT_ONCE      /* datagrams waiting to be sent */
#define UP 512                 /* datagrams waiting for Python; when it is slow the oldest are lost, as on a link */
#define MOST_UP 2048           /* bytes of one of them: a DTLS flight may be longer than an RTP packet */
#define CACHED 512             /* packets of a source that can be repeated */
#define MISSING 200            /* a longer gap is not repaired packet by packet (media/calls/reception.py) */
#define STEP 3000              /* a larger jump is a new start of the sequence (RFC 3550, appendix A.1) */
#define TRIES 6
#define RETRY_S 0.06
#define ONCE_MORE_S 0.025         /* each request is made twice: media/calls/reception.py */
#define DROPPED 64             /* packets without payload whose place in the sequence is remembered */
#define CONNS 4096
#define REPORTERS 64           /* senders of RTCP on a connection: the cipher keeps something of each, for good */
#define PADDED 244             /* bytes of a packet of padding, without the header */

typedef int (*srtp_fn)(void *session, void *data, int *length);

enum { UP_DATAGRAM = 0, UP_RTCP = 1, UP_COPY = 2, UP_GAP = 3, UP_UNEASY = 4 };
enum { CODEC_OTHER = 0, CODEC_VP8 = 1, CODEC_H264 = 2 };

struct cached { uint8_t *payload; uint32_t room; uint32_t timestamp; uint32_t size; int64_t extended; uint8_t marker; };
struct missing { int64_t extended; double asked_at; int tries, once_more; };

struct source;
struct out {
    struct conn *to;
    struct source *from;           /* whose packets it gets, or will get from the next whole picture on */
    struct source *next;           /* who takes over where it can be understood from; goes on with `from` until then */
    struct out *next_of_source, *next_of_waiting, *next_of_conn;
    uint32_t ssrc, again_ssrc, clock;
    int payload_type, again_payload_type;
    int begun, continuous;
    int still, resting;            /* one whole picture only; it has been given */
    int64_t first;                 /* extended sequence number at which the source took this place */
    int64_t dropped_before;        /* packets without payload that the source had by then */
    uint16_t shift;
    uint32_t shift_time;
    uint16_t last_sequence, again_sequence;
    uint32_t last_timestamp;
    double last_at;
    int ids_set;                   /* VP8: picture ids go on over a change of source */
    uint16_t last_picture, shift_picture;
    uint8_t last_tl0, shift_tl0;
    uint64_t packets, octets, repeated;
};

struct source {
    struct conn *from;
    struct source *next_of_conn;
    struct out *outs, *waiting;
    uint32_t ssrc, again_ssrc, clock;
    int payload_type, again_payload_type, codec, repairs, copied;
    int64_t base, highest;
    uint64_t received, octets, forwarded, repeated;
    double jitter, transit, late, least_late, at, repair_s;
    uint32_t timestamp;
    int has_transit;
    struct missing missing[MISSING + 1];
    int missing_count, hopeless;
    int64_t dropped[DROPPED];
    uint64_t dropped_count;
    struct cached *cache;
};

struct conn {
    int fd;
    uint64_t id;
    void *tx, *rx;
    uint32_t reporters[REPORTERS];
    int reporter_count;
    int sequence_out_id, sequence_in_id;   /* ids of the transport-wide sequence number, 0: not agreed on */
    int stamp_in_id;                       /* id of the time of sending (abs-send-time) */
    uint64_t sent_octets;
    struct source *sources;
    struct out *outs;
    struct arrivals *came;                 /* NULL where no sequence number comes in; `left` where none goes out */
    struct digest *left;
    struct send_clock clock;
    int told_uneasy;                       /* since its link was measured last */
    int waiting[POOL], waiting_count;
    int segmenting;                        /* its way bears datagrams that the system cuts */
    struct conn *next;
};

struct up { uint64_t conn; int kind; int size; double at; uint32_t ssrc; uint8_t data[MOST_UP]; };

struct forwarder {
    pthread_t thread;
    pthread_mutex_t lock;
    int poll, wake, stop;
    uint64_t opened;
    srtp_fn protect, unprotect, protect_rtcp, unprotect_rtcp;
    struct conn *conns, *table[CONNS];  /* a conn's id is its place in the table, and above that how many had been opened by then */
    struct up up[UP];
    uint32_t up_from, up_to;
    uint64_t up_lost, unreadable, unsent;
    uint8_t pool[POOL][MOST + TRAILER + EXTENSION];
    int pool_size[POOL], pool_used;
    struct conn *dirty[POOL];           /* those for whom something waits in the pool */
    int dirty_count;
    uint8_t in[BATCH][MOST_UP];
};

static double now_s(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* ---- what goes up to Python ---- */

static void tell(struct forwarder *fw, struct conn *conn, int kind, uint32_t ssrc, double at, const uint8_t *data, int size) {
    if (size > MOST_UP) return;
    if (fw->up_to - fw->up_from == UP) {
        fw->up_from++;
        fw->up_lost++;
    }
    struct up *slot = &fw->up[fw->up_to++ % UP];
    slot->conn = conn->id;
    slot->kind = kind;
    slot->ssrc = ssrc;
    slot->at = at;
    slot->size = size;
    if (size) memcpy(slot->data, data, (size_t)size);
    uint64_t one = 1;
    if (write(fw->wake, &one, sizeof one) < 0) { /* the counter is full: Python is awake already */ }
}

/* Its link should be looked at: what came is lost or late. */
static void tell_uneasy(struct forwarder *fw, struct conn *conn, double at) {
    if (conn->told_uneasy) return;
    conn->told_uneasy = 1;
    tell(fw, conn, UP_UNEASY, 0, at, NULL, 0);
}

/* ---- sending ---- */

static void flush_conn(struct forwarder *fw, struct conn *conn) {
    struct iovec parts[POOL];
    for (int i = 0; i < conn->waiting_count; i++)
        parts[i] = (struct iovec){fw->pool[conn->waiting[i]], (size_t)fw->pool_size[conn->waiting[i]]};
    fw->unsent += (uint64_t)send_datagrams(conn->fd, parts, conn->waiting_count, &conn->segmenting);
    conn->waiting_count = 0;
}

static void flush_all(struct forwarder *fw) {
    for (int i = 0; i < fw->dirty_count; i++) flush_conn(fw, fw->dirty[i]);
    fw->pool_used = fw->dirty_count = 0;
}

/* Header, and the transport-wide sequence number when the receiver has agreed on it (one-byte form, RFC 8285, 4.2); bytes written. */
static int begin_packet(struct conn *to, uint8_t *data, int payload_type, int marker, uint16_t sequence, uint32_t timestamp, uint32_t ssrc) {
    data[0] = to->sequence_out_id ? 0x90 : 0x80;
    data[1] = (uint8_t)((marker ? 0x80 : 0) | payload_type);
    put16(data + 2, sequence);
    put32(data + 4, timestamp);
    put32(data + 8, ssrc);
    if (!to->sequence_out_id) return 12;
    put16(data + 12, 0xBEDE);
    put16(data + 14, 1);
    data[16] = (uint8_t)(to->sequence_out_id << 4 | 1);
    put16(data + 17, (uint16_t)to->left->next);
    data[19] = 0;
    return 20;
}

static int enqueue(struct forwarder *fw, struct conn *to, int slot, int size, double now) {
    int plain = size;
    if (fw->protect(to->tx, fw->pool[slot], &size) != 0) return 0;
    if (to->left) digest_sent(to->left, (uint32_t)plain, now);
    to->sent_octets += (uint64_t)size;
    fw->pool_size[slot] = size;
    fw->pool_used = slot + 1;
    if (!to->waiting_count) fw->dirty[fw->dirty_count++] = to;
    to->waiting[to->waiting_count++] = slot;
    return 1;
}

/* ---- whole pictures and picture ids ---- */

struct vp8 { int descriptor, start, key, picture_at, picture_bits, tl0_at; uint16_t picture; uint8_t tl0; };

/* RFC 7741, 4.2 and 4.3; 0 when it cannot be read. */
static int read_vp8(const uint8_t *p, int size, struct vp8 *found) {
    memset(found, 0, sizeof *found);
    if (size < 1) return 0;
    int at = 1;
    found->start = (p[0] & 0x10) && !(p[0] & 0x07);
    if (p[0] & 0x80) {
        if (size < 2) return 0;
        uint8_t flags = p[1];
        at = 2;
        if (flags & 0x80) {
            if (size < at + 1) return 0;
            found->picture_at = at;
            found->picture_bits = p[at] & 0x80 ? 15 : 7;
            if (found->picture_bits == 15) {
                if (size < at + 2) return 0;
                found->picture = get16(p + at) & 0x7FFF;
                at += 2;
            } else
                found->picture = p[at++] & 0x7F;
        }
        if (flags & 0x40) {
            if (size < at + 1) return 0;
            found->tl0_at = at;
            found->tl0 = p[at++];
        }
        if (flags & 0x30) at++;
    }
    if (size < at) return 0;
    found->descriptor = at;
    found->key = found->start && size > at && !(p[at] & 0x01);
    return 1;
}

static int h264_key(const uint8_t *p, int size) {
    if (size < 2) return 0;
    int type = p[0] & 0x1F;
    if (type == 24) { /* STAP-A: several units in one packet */
        for (int at = 1; at + 3 <= size;) {
            int unit = get16(p + at), inner = p[at + 2] & 0x1F;
            if (inner == 5 || inner == 7) return 1;
            at += 2 + unit;
        }
        return 0;
    }
    if (type == 28) return (p[1] & 0x80) && ((p[1] & 0x1F) == 5 || (p[1] & 0x1F) == 7);
    return type == 5 || type == 7;
}

/* Whether what depends on nothing before begins here: any packet of sound does. */
static int begins(struct source *source, const uint8_t *payload, int size) {
    struct vp8 vp8;
    if (source->codec == CODEC_VP8) return read_vp8(payload, size, &vp8) && vp8.key;
    if (source->codec == CODEC_H264) return h264_key(payload, size);
    return 1;
}

static void rewrite_ids(struct out *out, int codec, uint8_t *payload, int size, int fresh) {
    struct vp8 vp8;
    if (codec != CODEC_VP8 || !read_vp8(payload, size, &vp8)) return;
    if (vp8.picture_at) {
        uint16_t mask = vp8.picture_bits == 15 ? 0x7FFF : 0x7F;
        if (fresh) out->shift_picture = out->ids_set ? (uint16_t)(out->last_picture + 1 - vp8.picture) : 0;
        uint16_t picture = (uint16_t)(vp8.picture + out->shift_picture) & mask;
        if (vp8.picture_bits == 15)
            put16(payload + vp8.picture_at, 0x8000 | picture);
        else
            payload[vp8.picture_at] = (uint8_t)picture;
        uint16_t ahead = (uint16_t)(picture - out->last_picture) & mask;
        if (!out->ids_set || fresh || ahead < (mask + 1) / 2) out->last_picture = picture;
    }
    if (vp8.tl0_at) {
        if (fresh) out->shift_tl0 = out->ids_set ? (uint8_t)(out->last_tl0 + 1 - vp8.tl0) : 0;
        uint8_t tl0 = (uint8_t)(vp8.tl0 + out->shift_tl0);
        payload[vp8.tl0_at] = tl0;
        if (!out->ids_set || fresh || (uint8_t)(tl0 - out->last_tl0) < 128) out->last_tl0 = tl0;
    }
    if (vp8.picture_at || vp8.tl0_at) out->ids_set = 1;
}

/* ---- one packet on its way to one receiver ---- */

static void stop_feeding(struct out *out) {
    if (!out->from) return;
    struct out **at = &out->from->outs;
    while (*at != out) at = &(*at)->next_of_source;
    *at = out->next_of_source;
    out->from = NULL;
}

static void stop_waiting(struct out *out) {
    if (!out->next) return;
    struct out **at = &out->next->waiting;
    while (*at != out) at = &(*at)->next_of_waiting;
    *at = out->next_of_waiting;
    out->next = NULL;
}

static void feed(struct out *out, struct source *source) {
    stop_waiting(out);
    stop_feeding(out);
    out->continuous = out->still = out->resting = 0;
    out->from = source;
    if (source) {
        out->next_of_source = source->outs;
        source->outs = out;
    }
}

static int64_t dropped_before(struct source *source, int64_t extended) {
    uint64_t held = source->dropped_count < DROPPED ? source->dropped_count : DROPPED;
    int64_t count = (int64_t)source->dropped_count;
    for (uint64_t i = 0; i < held; i++)
        if (source->dropped[i] > extended) count--;
    return count;
}

static void begin(struct out *out, struct source *source, uint16_t sequence, uint32_t timestamp, int64_t extended, double now) {
    out->first = extended;
    out->dropped_before = dropped_before(source, extended);
    out->continuous = 0;
    if (!out->begun) {
        /* The lower half, so that the sequence does not wrap before the first packets have set the receiver's roll-over counter. */
        out->shift = (uint16_t)((sequence & 0x7FFF) - sequence);
        out->shift_time = 0;
        out->last_sequence = (uint16_t)((sequence & 0x7FFF) - 1);
        out->begun = 1;
        return;
    }
    double passed = floor((now - out->last_at) * out->clock);
    out->shift = (uint16_t)(out->last_sequence + 1 - sequence);
    out->shift_time = out->last_timestamp + (passed < 1 ? 1 : (uint32_t)(int64_t)passed) - timestamp;
}

/* The sequence jumped: for the receivers it goes on without a gap, or their ciphers would lose their place. */
static void begin_anew(struct source *source, uint16_t sequence, uint32_t timestamp, int64_t extended, double now) {
    for (struct out *out = source->outs; out; out = out->next_of_source)
        if (out->continuous) {
            begin(out, source, sequence, timestamp, extended, now);
            out->continuous = 1;
        }
}

static uint16_t sequence_for(struct out *out, struct source *source, int64_t extended) {
    return (uint16_t)((uint16_t)extended + out->shift - (uint16_t)(dropped_before(source, extended) - out->dropped_before));
}

static void pass_on(struct forwarder *fw, struct out *out, struct source *source, int marker, uint32_t timestamp, int64_t extended,
                    const uint8_t *payload, int size, double now) {
    int fresh = !out->continuous;
    if (out->resting) return;
    if (out->still && !fresh && timestamp + out->shift_time != out->last_timestamp) {
        if (extended >= out->first) out->resting = 1;
        return;
    }
    if (fresh) {
        if (!begins(source, payload, size)) return;
        begin(out, source, (uint16_t)extended, timestamp, extended, now);
        out->continuous = 1;
    }
    if (extended < out->first) return;
    if (fw->pool_used == POOL || out->to->waiting_count == POOL) flush_all(fw);
    int slot = fw->pool_used;
    uint8_t *data = fw->pool[slot];
    uint16_t sequence = sequence_for(out, source, extended);
    uint32_t stamp = timestamp + out->shift_time;
    int header = begin_packet(out->to, data, out->payload_type, marker, sequence, stamp, out->ssrc);
    memcpy(data + header, payload, (size_t)size);
    rewrite_ids(out, source->codec, data + header, size, fresh);
    if ((uint16_t)(sequence - out->last_sequence) < 0x8000) {
        out->last_sequence = sequence;
        out->last_timestamp = stamp;
        out->last_at = now;
    }
    if (!enqueue(fw, out->to, slot, header + size, now)) return;
    out->packets++;
    out->octets += (uint64_t)size;
    source->forwarded++;
}

static void keep(struct source *source, int marker, uint32_t timestamp, int64_t extended, const uint8_t *payload, int size) {
    if (!source->repairs) return;
    if (!source->cache && !(source->cache = calloc(CACHED, sizeof *source->cache))) return;
    struct cached *one = &source->cache[extended % CACHED];
    if (one->room < (uint32_t)size) {
        uint8_t *larger = realloc(one->payload, (size_t)size);
        if (!larger) return;
        one->payload = larger;
        one->room = (uint32_t)size;
    }
    memcpy(one->payload, payload, (size_t)size);
    one->size = (uint32_t)size;
    one->extended = extended;
    one->timestamp = timestamp;
    one->marker = (uint8_t)marker;
}

/* Whether the packet has come already: a repetition that was asked for twice is not passed on twice. */
static int is_kept(struct source *source, uint16_t sequence) {
    if (!source->cache || source->highest < 0) return 0;
    int64_t extended = source->highest + (int16_t)(uint16_t)(sequence - (uint16_t)source->highest);
    return extended >= 0 && source->cache[extended % CACHED].payload && source->cache[extended % CACHED].extended == extended;
}

/* ---- what is known of a received stream (as media/calls/reception.py has it) ---- */

static void found_missing(struct source *source, int64_t extended, double now, int again) {
    for (int i = 0; i < source->missing_count; i++)
        if (source->missing[i].extended == extended) {
            if (again && source->missing[i].tries == 1) source->repair_s += (now - source->missing[i].asked_at - source->repair_s) / 4;
            memmove(&source->missing[i], &source->missing[i + 1], sizeof(struct missing) * (size_t)(source->missing_count - i - 1));
            source->missing_count--;
            return;
        }
}

static void note_missing(struct source *source, int64_t extended) {
    for (int64_t lost = source->highest + 1; lost < extended; lost++) {
        if (source->missing_count == MISSING) {
            source->missing_count = 0;
            source->hopeless = 1;
            return;
        }
        source->missing[source->missing_count++] = (struct missing){lost, -1e9, 0, 0};
    }
}

/* A packet with this timestamp came now: jitter (RFC 3550, 6.4.1), and how much later than the first one it is. */
static void count_time(struct source *source, uint32_t timestamp, double now) {
    double transit = now * source->clock - (double)timestamp;
    if (source->has_transit) {
        double difference = remainder(transit - source->transit, 4294967296.0);
        source->jitter += (fabs(difference) - source->jitter) / 16;
        source->late += difference;
        if (source->late < source->least_late) source->least_late = source->late;
    }
    source->has_transit = 1;
    source->transit = transit;
    source->timestamp = timestamp;
    source->at = now;
}

static int64_t count_arrival(struct source *source, uint16_t sequence, uint32_t timestamp, int size, double now, int again) {
    int64_t extended;
    if (source->highest < 0) {
        extended = source->base = source->highest = (int64_t)sequence + 65536;
    } else {
        int32_t step = (int16_t)(uint16_t)(sequence - (uint16_t)source->highest);
        if (step > STEP || step < -STEP) { /* a new start: what lies between was never sent */
            source->missing_count = 0;
            int64_t jump = (uint16_t)(sequence - (uint16_t)source->highest);
            source->base += jump - 1;
            source->highest += jump - 1;
            step = 1;
        }
        extended = source->highest + step;
        if (extended > source->highest) {
            if (source->repairs) note_missing(source, extended);
            source->highest = extended;
        } else
            found_missing(source, extended, now, again);
    }
    source->received++;
    source->octets += (uint64_t)size;
    if (again)
        source->repeated++;
    else if (!source->has_transit || timestamp != source->timestamp)
        count_time(source, timestamp, now);
    else
        source->at = now;
    return extended;
}

/* ---- receiving ---- */

/* The value of a one-byte-form header extension of so many bytes (two or three), or -1. */
static int extension_value(const uint8_t *data, int at, int id, int bytes) {
    if (!id || get16(data + at) != 0xBEDE) return -1;
    int end = at + 4 + 4 * get16(data + at + 2);
    for (at += 4; at < end;) {
        int kind = data[at] >> 4, size = (data[at] & 0x0F) + 1;
        if (data[at] == 0) {
            at++;
            continue;
        }
        if (kind == 15 || at + 1 + size > end) return -1;
        if (kind == id) return size != bytes ? -1 : bytes == 2 ? get16(data + at + 1) : get16(data + at + 1) << 8 | data[at + 3];
        at += 1 + size;
    }
    return -1;
}

static void take_rtp(struct forwarder *fw, struct conn *conn, uint8_t *data, int size, double now) {
    uint32_t ssrc = get32(data + 8);
    struct source *source = conn->sources;
    int again = 0;
    for (; source; source = source->next_of_conn) {
        if (source->ssrc == ssrc) break;
        if (source->again_payload_type >= 0 && source->again_ssrc == ssrc) {
            again = 1;
            break;
        }
    }
    int payload_type = data[1] & 0x7F;
    if (!source || payload_type != (again ? source->again_payload_type : source->payload_type)) {
        tell(fw, conn, UP_DATAGRAM, ssrc, now, data, size);
        return;
    }
    if (fw->unprotect(conn->rx, data, &size) != 0) {
        fw->unreadable++;
        return;
    }
    int start = 12 + 4 * (data[0] & 0x0F), end = size;
    if (data[0] & 0x10) {
        if (size < start + 4) return;
        int extension = start;
        start += 4 + 4 * get16(data + start + 2);
        if (start > size) return;
        int sequence = extension_value(data, extension, conn->sequence_in_id, 2);
        int stamp = extension_value(data, extension, conn->stamp_in_id, 3);
        if (sequence >= 0) arrivals_came(conn->came, (uint16_t)sequence, now);
        if (stamp >= 0 && send_clock_came(&conn->clock, stamp, now)) tell_uneasy(fw, conn, now);
    }
    if (data[0] & 0x20) end -= data[size - 1];
    if (start > end) return;
    uint16_t sequence = get16(data + 2);
    uint32_t timestamp = get32(data + 4);
    int marker = data[1] >> 7;
    uint8_t *payload = data + start;
    int length = end - start;
    if (again) {
        if (length < 2) return; /* padding that probes the bandwidth */
        sequence = get16(payload);
        payload += 2;
        length -= 2;
    }
    int64_t before = source->highest;
    if (again && (before < 0 || (uint16_t)((uint16_t)before - sequence) >= CACHED || is_kept(source, sequence))) return; /* nobody asked for it */
    int64_t extended = count_arrival(source, sequence, timestamp, length, now, again);
    if (!source->repairs && !conn->clock.state.begun && source->late - source->least_late > UNEASY_S * source->clock) tell_uneasy(fw, conn, now);
    if (before >= 0 && extended - before > STEP) begin_anew(source, sequence, timestamp, extended, now);
    if (extended > before + 1 && before >= 0 && (source->missing_count || source->hopeless)) tell(fw, conn, UP_GAP, source->ssrc, now, payload, 0);
    if (!length) {
        if (extended > before) source->dropped[source->dropped_count++ % DROPPED] = extended;
        return;
    }
    if (source->copied) {
        uint8_t *copy = payload - 12; /* there are at least 12 bytes of header before the payload */
        uint8_t header[12];
        header[0] = 0x80;
        header[1] = (uint8_t)((marker ? 0x80 : 0) | source->payload_type);
        put16(header + 2, sequence);
        put32(header + 4, timestamp);
        put32(header + 8, source->ssrc);
        memcpy(copy, header, 12);
        tell(fw, conn, UP_COPY, source->ssrc, now, copy, length + 12);
    }
    keep(source, marker, timestamp, extended, payload, length);
    if (source->waiting && extended == source->highest && begins(source, payload, length))
        while (source->waiting) feed(source->waiting, source);
    for (struct out *out = source->outs; out; out = out->next_of_source)
        pass_on(fw, out, source, marker, timestamp, extended, payload, length, now);
}

/* Transport-wide feedback is taken out of a compound packet; how much is left of it. From a broken part on it goes up as it is. */
static int take_feedback(struct forwarder *fw, struct conn *conn, uint8_t *data, int size, double now) {
    int kept = 0, at = 0;
    if (!conn->left) return size;
    while (at + 8 <= size) {
        int part = 4 + 4 * get16(data + at + 2);
        if (data[at] >> 6 != 2 || at + part > size) break;
        if (data[at + 1] != 205 || (data[at] & 0x1F) != 15) {
            memmove(data + kept, data + at, (size_t)part);
            kept += part;
        } else
            digest_message(conn->left, data + at, part);
        at += part;
    }
    if (digest_uneasy(conn->left)) tell_uneasy(fw, conn, now);
    memmove(data + kept, data + at, (size_t)(size - at));
    return kept + size - at;
}

static void take(struct forwarder *fw, struct conn *conn, uint8_t *data, int size, double now) {
    if (size < 1) return;
    if (size < 12 || data[0] >> 6 != 2) {
        tell(fw, conn, UP_DATAGRAM, 0, now, data, size);
    } else if (data[1] >= 192 && data[1] <= 223) { /* RTCP (RFC 5761, 4) */
        uint32_t reporter = get32(data + 4);
        int known = 0;
        while (known < conn->reporter_count && conn->reporters[known] != reporter) known++;
        if (known == REPORTERS || fw->unprotect_rtcp(conn->rx, data, &size) != 0) {
            fw->unreadable++;
            return;
        }
        if (known == conn->reporter_count) conn->reporters[conn->reporter_count++] = reporter;
        size = take_feedback(fw, conn, data, size, now);
        if (size) tell(fw, conn, UP_RTCP, 0, now, data, size);
    } else
        take_rtp(fw, conn, data, size, now);
}

static void *run(void *given) {
    struct forwarder *fw = given;
    struct epoll_event ready[64];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    take_short_turns();
    while (!__atomic_load_n(&fw->stop, __ATOMIC_ACQUIRE)) {
        int count = epoll_wait(fw->poll, ready, 64, 500);
        pthread_mutex_lock(&fw->lock);
        for (int i = 0; i < count; i++) {
            struct conn *conn = fw->table[ready[i].data.u64 % CONNS];
            if (!conn || conn->id != ready[i].data.u64) continue; /* closed since */
            memset(messages, 0, sizeof messages);
            for (int j = 0; j < BATCH; j++) {
                parts[j].iov_base = fw->in[j];
                parts[j].iov_len = MOST_UP;
                messages[j].msg_hdr.msg_iov = &parts[j];
                messages[j].msg_hdr.msg_iovlen = 1;
            }
            int got = recvmmsg(conn->fd, messages, BATCH, MSG_DONTWAIT, NULL);
            double now = now_s();
            for (int j = 0; j < got; j++)
                if (!(messages[j].msg_hdr.msg_flags & MSG_TRUNC)) {
                    int size = (int)messages[j].msg_len;
                    if (size > MOST && fw->in[j][0] >> 6 == 2) continue;
                    take(fw, conn, fw->in[j], size, now);
                }
        }
        flush_all(fw);
        pthread_mutex_unlock(&fw->lock);
    }
    return NULL;
}

/* ---- what Python asks for (media/calls/native/library.py) ---- */

struct source_state {
    int64_t base, highest;
    uint64_t received, octets, forwarded, repeated;
    double jitter, late, least_late, at;
    uint32_t timestamp;
    int32_t gaps;
};
struct out_state {
    uint64_t packets, octets, repeated;
    uint32_t shift_time;
    int32_t fed;
};
struct told { uint64_t conn; double at; int32_t kind, size; uint32_t ssrc; };
struct counts { uint64_t up_lost, unreadable, unsent; };

struct forwarder *fw_new(srtp_fn protect, srtp_fn unprotect, srtp_fn protect_rtcp, srtp_fn unprotect_rtcp) {
    struct forwarder *fw = calloc(1, sizeof *fw);
    if (!fw) return NULL;
    fw->protect = protect;
    fw->unprotect = unprotect;
    fw->protect_rtcp = protect_rtcp;
    fw->unprotect_rtcp = unprotect_rtcp;
    pthread_mutex_init(&fw->lock, NULL);
    fw->poll = epoll_create1(EPOLL_CLOEXEC);
    fw->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fw->poll < 0 || fw->wake < 0 || pthread_create(&fw->thread, NULL, run, fw) != 0) {
        if (fw->poll >= 0) close(fw->poll);
        if (fw->wake >= 0) close(fw->wake);
        free(fw);
        return NULL;
    }
    return fw;
}

int fw_wake_fd(struct forwarder *fw) { return fw->wake; }

static void free_conn(struct conn *conn) {
    free(conn->left);
    free(conn->came);
    free(conn);
}

/* The connection of a member; `fd` belongs to the forwarder from now on. 0 when there is no more room. */
struct conn *fw_conn(struct forwarder *fw, int fd, void *tx, void *rx, int sequence_out_id, int sequence_in_id, int stamp_in_id, uint64_t *id) {
    struct conn *conn = calloc(1, sizeof *conn);
    if (!conn) return NULL;
    send_clock_begin(&conn->clock);
    conn->segmenting = 1;
    if ((sequence_out_id && !(conn->left = digest_new())) || (sequence_in_id && !(conn->came = arrivals_new()))) {
        free_conn(conn);
        return NULL;
    }
    pthread_mutex_lock(&fw->lock);
    int place = 0;
    while (place < CONNS && fw->table[place]) place++;
    struct epoll_event wanted = {.events = EPOLLIN};
    conn->id = wanted.data.u64 = fw->opened * CONNS + (uint64_t)place;
    if (place == CONNS || epoll_ctl(fw->poll, EPOLL_CTL_ADD, fd, &wanted) != 0) {
        pthread_mutex_unlock(&fw->lock);
        free_conn(conn);
        return NULL;
    }
    fw->opened++;
    fw->table[place] = conn;
    conn->fd = fd;
    conn->tx = tx;
    conn->rx = rx;
    conn->sequence_out_id = sequence_out_id;
    conn->sequence_in_id = sequence_in_id;
    conn->stamp_in_id = stamp_in_id;
    conn->next = fw->conns;
    fw->conns = conn;
    *id = conn->id;
    pthread_mutex_unlock(&fw->lock);
    return conn;
}

/* Its packets come and go over another socket from now on; the numbers stay. 0 when that cannot be. */
int fw_conn_move(struct forwarder *fw, struct conn *conn, int fd) {
    struct epoll_event wanted = {.events = EPOLLIN, .data.u64 = conn->id};
    pthread_mutex_lock(&fw->lock);
    int done = epoll_ctl(fw->poll, EPOLL_CTL_ADD, fd, &wanted) == 0;
    if (done) {
        epoll_ctl(fw->poll, EPOLL_CTL_DEL, conn->fd, NULL);
        close(conn->fd);
        conn->fd = fd;
        conn->segmenting = 1;
    }
    pthread_mutex_unlock(&fw->lock);
    return done;
}

static void free_source(struct source *source) {
    while (source->outs) feed(source->outs, NULL);
    while (source->waiting) stop_waiting(source->waiting);
    if (source->cache)
        for (int i = 0; i < CACHED; i++) free(source->cache[i].payload);
    free(source->cache);
    free(source);
}

/* Everything of the connection is gone when this returns, and its sessions are no longer used. */
void fw_conn_close(struct forwarder *fw, struct conn *conn) {
    pthread_mutex_lock(&fw->lock);
    epoll_ctl(fw->poll, EPOLL_CTL_DEL, conn->fd, NULL);
    fw->table[conn->id % CONNS] = NULL;
    struct conn **at = &fw->conns;
    while (*at != conn) at = &(*at)->next;
    *at = conn->next;
    for (struct source *source = conn->sources, *next; source; source = next) {
        next = source->next_of_conn;
        free_source(source);
    }
    for (struct out *out = conn->outs, *next; out; out = next) {
        next = out->next_of_conn;
        feed(out, NULL);
        free(out);
    }
    pthread_mutex_unlock(&fw->lock);
    close(conn->fd);
    free_conn(conn);
}

/* A stream that the connection brings. `again_*`: of its retransmissions, payload type -1 when there are none (yet). */
struct source *fw_source(struct forwarder *fw, struct conn *conn, uint32_t ssrc, int payload_type, uint32_t again_ssrc, int again_payload_type,
                         uint32_t clock, int codec, int repairs) {
    struct source *source = calloc(1, sizeof *source);
    if (!source) return NULL;
    source->from = conn;
    source->ssrc = ssrc;
    source->payload_type = payload_type;
    source->again_ssrc = again_ssrc;
    source->again_payload_type = again_payload_type;
    source->clock = clock;
    source->codec = codec;
    source->repairs = repairs;
    source->base = source->highest = -1;
    pthread_mutex_lock(&fw->lock);
    source->next_of_conn = conn->sources;
    conn->sources = source;
    pthread_mutex_unlock(&fw->lock);
    return source;
}

void fw_source_again(struct forwarder *fw, struct source *source, uint32_t again_ssrc, int again_payload_type) {
    pthread_mutex_lock(&fw->lock);
    source->again_ssrc = again_ssrc;
    source->again_payload_type = again_payload_type;
    pthread_mutex_unlock(&fw->lock);
}

void fw_source_copied(struct forwarder *fw, struct source *source, int copied) {
    pthread_mutex_lock(&fw->lock);
    source->copied = copied;
    pthread_mutex_unlock(&fw->lock);
}

void fw_source_close(struct forwarder *fw, struct source *source) {
    pthread_mutex_lock(&fw->lock);
    struct source **at = &source->from->sources;
    while (*at != source) at = &(*at)->next_of_conn;
    *at = source->next_of_conn;
    free_source(source);
    pthread_mutex_unlock(&fw->lock);
}

struct out *fw_out(struct forwarder *fw, struct conn *to, uint32_t ssrc, int payload_type, uint32_t again_ssrc, int again_payload_type,
                   uint32_t clock) {
    struct out *out = calloc(1, sizeof *out);
    if (!out) return NULL;
    out->to = to;
    out->ssrc = ssrc;
    out->payload_type = payload_type;
    out->again_ssrc = again_ssrc;
    out->again_payload_type = again_payload_type;
    out->clock = clock;
    pthread_mutex_lock(&fw->lock);
    out->next_of_conn = to->outs;
    to->outs = out;
    pthread_mutex_unlock(&fw->lock);
    return out;
}

/* The payload types change with the codec; the numbers go on. */
void fw_out_types(struct forwarder *fw, struct out *out, int payload_type, int again_payload_type) {
    pthread_mutex_lock(&fw->lock);
    out->payload_type = payload_type;
    out->again_payload_type = again_payload_type;
    pthread_mutex_unlock(&fw->lock);
}

/* Who is heard or seen there from now on. NULL: nobody. AT_ONCE: from his next whole picture on. SMOOTH: the same, and whoever was there stays until
 * then. STILL: his next whole picture, and nothing after it. */
enum { AT_ONCE = 0, SMOOTH = 1, STILL = 2 };
void fw_feed(struct forwarder *fw, struct out *out, struct source *source, int how) {
    pthread_mutex_lock(&fw->lock);
    if (how == SMOOTH && source && out->from && out->from != source && !out->still) {
        stop_waiting(out);
        out->next = source;
        out->next_of_waiting = source->waiting;
        source->waiting = out;
    } else if (how == STILL || out->still || out->from != source || out->next) {
        feed(out, source);
        out->still = how == STILL;
    }
    pthread_mutex_unlock(&fw->lock);
}

void fw_source_read(struct forwarder *fw, struct source *source, struct source_state *state) {
    pthread_mutex_lock(&fw->lock);
    *state = (struct source_state){source->base, source->highest, source->received, source->octets, source->forwarded, source->repeated,
                                   source->jitter, source->late, source->least_late, source->at, source->timestamp,
                                   source->missing_count || source->hopeless};
    source->least_late = source->late; /* the least since the last time */
    pthread_mutex_unlock(&fw->lock);
}

void fw_out_read(struct forwarder *fw, struct out *out, struct out_state *state) {
    pthread_mutex_lock(&fw->lock);
    *state = (struct out_state){out->packets, out->octets, out->repeated, out->shift_time, out->from && out->continuous};
    pthread_mutex_unlock(&fw->lock);
}

/* Sequence numbers to ask for now, ascending; at most `most`. `hopeless`: so much is missing for good that a whole picture is needed. */
int fw_missing(struct forwarder *fw, struct source *source, double now, uint16_t *found, int most, int *hopeless) {
    int count = 0, kept = 0;
    pthread_mutex_lock(&fw->lock);
    *hopeless = source->hopeless;
    source->hopeless = 0;
    for (int i = 0; i < source->missing_count; i++) {
        struct missing one = source->missing[i];
        double since = now - one.asked_at;
        if (since >= fmax(RETRY_S, 1.3 * source->repair_s) && count < most) {
            if (one.tries >= TRIES) {
                *hopeless = 1;
                continue;
            }
            one.asked_at = now;
            one.tries++;
            one.once_more = 1;
            found[count++] = (uint16_t)one.extended;
        } else if (one.once_more && since >= ONCE_MORE_S && count < most) {
            one.once_more = 0;
            found[count++] = (uint16_t)one.extended;
        }
        source->missing[kept++] = one;
    }
    source->missing_count = kept;
    pthread_mutex_unlock(&fw->lock);
    return count;
}

/* What is missing now is not asked for any more. */
void fw_forget_missing(struct forwarder *fw, struct source *source) {
    pthread_mutex_lock(&fw->lock);
    source->missing_count = source->hopeless = 0;
    pthread_mutex_unlock(&fw->lock);
}

struct giving { struct forwarder *fw; struct conn *conn; };

static void give_report(void *to, uint8_t *data, int size) {
    struct giving *giving = to;
    if (giving->fw->protect_rtcp(giving->conn->tx, data, &size) == 0) send(giving->conn->fd, data, (size_t)size, MSG_DONTWAIT);
}

/* Tells its sender what has arrived since the last time; `media`: an SSRC of his. 0 when nothing has. */
int fw_tell_arrivals(struct forwarder *fw, struct conn *conn, uint32_t sender, uint32_t media, int tells_losses) {
    pthread_mutex_lock(&fw->lock);
    int told = conn->came && arrivals_tell(conn->came, sender, media, tells_losses, give_report, &(struct giving){fw, conn});
    pthread_mutex_unlock(&fw->lock);
    return told;
}

/* How late what arrived since the last time was, burst by burst, at most LATE of them. */
int fw_lateness(struct forwarder *fw, struct conn *conn, struct clock_state *state, struct late *found) {
    pthread_mutex_lock(&fw->lock);
    int count = send_clock_take(&conn->clock, state, found, LATE);
    conn->told_uneasy = 0;
    pthread_mutex_unlock(&fw->lock);
    return count;
}

struct left { struct told_of told; uint64_t octets; };

/* What went out, and what its receiver has told of it since the last time, at most BURSTS bursts. */
int fw_left(struct forwarder *fw, struct conn *conn, struct left *left, struct burst *found) {
    int count = 0;
    *left = (struct left){{-INFINITY, -INFINITY, 0, 0}, 0};
    pthread_mutex_lock(&fw->lock);
    if (conn->left) count = digest_take(conn->left, &left->told, found, BURSTS);
    left->octets = conn->sent_octets;
    conn->told_uneasy = 0;
    pthread_mutex_unlock(&fw->lock);
    return count;
}

enum { GONE = -1, AWAITED, REPEATED };

/* The packet again, on the retransmission stream: REPEATED; AWAITED when it is so new that its sender is being asked for it himself, or is from
 * before a whole picture that followed; GONE when it is no longer kept. */
int fw_repeat(struct forwarder *fw, struct out *out, uint16_t sequence, double now) {
    int done = GONE;
    pthread_mutex_lock(&fw->lock);
    struct source *source = out->from;
    if (source && source->cache && out->continuous && out->again_payload_type >= 0) {
        /* Of its kind there are at most CACHED; those without payload shift what the receiver counts by a few. */
        int16_t back = (int16_t)(uint16_t)(out->last_sequence - sequence);
        if (back >= 0 && back < CACHED) done = AWAITED;
        for (int64_t extended = source->highest - back - DROPPED; back >= 0 && back < CACHED && extended <= source->highest - back + 1; extended++) {
            if (extended < out->first || extended < 0 || sequence_for(out, source, extended) != sequence) continue;
            struct cached *one = &source->cache[extended % CACHED];
            if (!one->payload || one->extended != extended) continue;
            flush_all(fw);
            uint8_t *data = fw->pool[0];
            int header = begin_packet(out->to, data, out->again_payload_type, one->marker, ++out->again_sequence,
                                      one->timestamp + out->shift_time, out->again_ssrc);
            put16(data + header, sequence);
            memcpy(data + header + 2, one->payload, one->size);
            rewrite_ids(out, source->codec, data + header + 2, (int)one->size, 0);
            if (enqueue(fw, out->to, 0, header + 2 + (int)one->size, now)) {
                out->repeated++;
                done = REPEATED;
            }
            flush_all(fw);
            break;
        }
    }
    pthread_mutex_unlock(&fw->lock);
    return done;
}

/* A packet of nothing but padding (RFC 3550, 5.1) on the retransmission stream, whose numbers nobody misses: receivers drop it, and tell when it
 * came. 0 when their feedback was not agreed on. */
int fw_pad(struct forwarder *fw, struct out *out, uint32_t timestamp, double now) {
    int done = 0;
    pthread_mutex_lock(&fw->lock);
    if (out->to->sequence_out_id && out->again_payload_type >= 0) {
        flush_all(fw);
        uint8_t *data = fw->pool[0];
        int header = begin_packet(out->to, data, out->again_payload_type, 0, ++out->again_sequence, timestamp, out->again_ssrc);
        data[0] |= 0x20;
        memset(data + header, 0, PADDED);
        data[header + PADDED - 1] = PADDED;
        done = enqueue(fw, out->to, 0, header + PADDED, now);
        flush_all(fw);
    }
    pthread_mutex_unlock(&fw->lock);
    return done;
}

/* RTP as it came (still encrypted), from another way in or held back until its source was known. */
void fw_inject(struct forwarder *fw, struct conn *conn, const uint8_t *data, int size, double now) {
    if (size < 12 || size > MOST) return;
    pthread_mutex_lock(&fw->lock);
    memcpy(fw->in[0], data, (size_t)size);
    take(fw, conn, fw->in[0], size, now);
    flush_all(fw);
    pthread_mutex_unlock(&fw->lock);
}

/* Encrypt and send; 0 when it could not be. */
int fw_send_rtcp(struct forwarder *fw, struct conn *conn, const uint8_t *data, int size) {
    uint8_t packet[MOST + TRAILER];
    if (size < 8 || size > MOST) return 0;
    memcpy(packet, data, (size_t)size);
    pthread_mutex_lock(&fw->lock);
    int done = fw->protect_rtcp(conn->tx, packet, &size) == 0 && send(conn->fd, packet, (size_t)size, MSG_DONTWAIT) == size;
    pthread_mutex_unlock(&fw->lock);
    return done;
}

/* The next thing for Python into `data` (MOST_UP bytes); 0 when there is nothing. */
int fw_next(struct forwarder *fw, struct told *told, uint8_t *data) {
    int there = 0;
    pthread_mutex_lock(&fw->lock);
    if (fw->up_from != fw->up_to) {
        struct up *slot = &fw->up[fw->up_from++ % UP];
        *told = (struct told){slot->conn, slot->at, slot->kind, slot->size, slot->ssrc};
        memcpy(data, slot->data, (size_t)slot->size);
        there = 1;
    }
    pthread_mutex_unlock(&fw->lock);
    return there;
}

void fw_counts(struct forwarder *fw, struct counts *counts) {
    pthread_mutex_lock(&fw->lock);
    *counts = (struct counts){fw->up_lost, fw->unreadable, fw->unsent};
    pthread_mutex_unlock(&fw->lock);
}

void fw_close(struct forwarder *fw) {
    __atomic_store_n(&fw->stop, 1, __ATOMIC_RELEASE);
    pthread_join(fw->thread, NULL);
    while (fw->conns) fw_conn_close(fw, fw->conns);
    close(fw->poll);
    close(fw->wake);
    pthread_mutex_destroy(&fw->lock);
    free(fw);
}
