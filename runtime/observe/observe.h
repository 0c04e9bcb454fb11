// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/observe: what happened, in; Prometheus text and access log lines, out.
//   metrics.h     counters of one worker, and their rendering over all workers
//   edges.h       who called whom, pod by pod
//   access_log.h  one line per request, text or JSON, buffered per worker
// Deliberately absent: sockets, and any opinion about what is worth counting.
#pragma once

#include "runtime/observe/access_log.h"
#include "runtime/observe/edges.h"
#include "runtime/observe/metrics.h"
