// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/dns: names from a manifest in, answers to DNS questions out (DESIGN
// §7).
//   name.h      a domain name in wire form, and its labels
//   message.h   a query read, a reply written: the codec
//   zones.h     what there is to be known, an immutable value
//   answer.h    the question's bytes → the answer's bytes, a pure function
//   server.h    UDP and TCP sockets on a loop and thread of their own
//
// Authoritative only: it answers for the zones of the mesh and refuses everything else.
// Deliberately absent: recursion, forwarding, caching (CoreDNS stands in front and does these),
// zone transfer, DNSSEC, and whoever asks: every node gives the same answers to everybody.
#pragma once

#include "runtime/dns/answer.h"
#include "runtime/dns/name.h"
#include "runtime/dns/server.h"
#include "runtime/dns/zones.h"
