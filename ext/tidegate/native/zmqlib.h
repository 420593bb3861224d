/* The part of libzmq's stable binary interface (zmq.h of 4.x) that lanes call. It is written
 * down here because pyzmq ships the library without its header. */
#ifndef TIDEGATE_ZMQLIB_H
#define TIDEGATE_ZMQLIB_H

#include <assert.h>
#include <dlfcn.h>

/* zmq_msg_t: 64 opaque bytes, aligned as a pointer. */
typedef struct {
    _Alignas(void *) unsigned char opaque[64];
} zmq_frame;

/* zmq_pollitem_t on Linux. */
typedef struct {
    void *socket;
    int fd;
    short events;
    short revents;
} zmq_pollitem;

static_assert(sizeof(zmq_frame) == 64, "zmq_msg_t is 64 bytes");

#endif
