// SPDX-License-Identifier: Apache-2.0
// The front door of runtime/steer: whole ranges of addresses, on every TCP and UDP port, brought to
// the proxy of this network namespace (DESIGN §5, node address plan).
//   steward.h   the thread that keeps the capabilities
//   steering.h  ranges in, steered sockets out; put back as it was at the end
//   probe.h     does it work on this node, as a pod sees it?
//   prover.h    the same, on a thread of its own
// Below them: netlink.h (routes), bpf.h (sk_lookup), claim.h (whose route is whose), sockets.h.
// Deliberately absent: units, manifests, what is done with a connection.
#pragma once

#include "runtime/steer/probe.h"
#include "runtime/steer/prover.h"
#include "runtime/steer/steering.h"
#include "runtime/steer/steward.h"
