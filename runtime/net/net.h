// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/net: what a worker stands on. Threads, sockets, time and bytes; no
// HTTP, no mesh.
//   task.h       coroutines of one thread
//   loop.h       the worker's event loop (epoll's door)
//   stream.h     a connected socket, awaited
//   datagrams.h  UDP sockets, and batches of datagrams
//   listeners.h  many listening sockets behind one descriptor
//   deadline.h   timeouts by one tick
//   buffer.h     bytes in flight, borrowed
//   address.h    IP address and port
// A TLS stream will be another kind of Stream (DESIGN §8): keep what is above it ignorant of
// sockets.
#pragma once

#include "runtime/net/address.h"
#include "runtime/net/buffer.h"
#include "runtime/net/datagrams.h"
#include "runtime/net/deadline.h"
#include "runtime/net/listeners.h"
#include "runtime/net/loop.h"
#include "runtime/net/stream.h"
#include "runtime/net/task.h"
