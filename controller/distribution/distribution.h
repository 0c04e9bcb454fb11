// SPDX-License-Identifier: Apache-2.0
// The front door of controller/distribution: updates in, every node's proxy told what to enforce,
// and who enforces what known.
//   hub.h    states for nodes, streams that get them, acknowledgements
//   status.h who enforces what, in JSON too; roster.h keeps it
//   epoch.h  how a state is known to be newer than one of another process
//   exchange.h  what replicas tell each other of their nodes
//   gate.h   who may ask: ServiceAccount tokens, or a file of them
//   routes.h /v1/watch, /v1/images, /v1/ack, /v1/status
//   status_api.h  the status once more, through the API server
//   figures.h     what the hub did, for /metrics
// docs/distribution.md has the protocol with examples. Each replica serves whoever comes, and
// hashes of equal states are equal.
#pragma once

#include "controller/component.h"
#include "controller/distribution/epoch.h"
#include "controller/distribution/exchange.h"
#include "controller/distribution/gate.h"
#include "controller/distribution/hub.h"
#include "controller/distribution/routes.h"
#include "controller/keys/keys.h"

namespace smic::distribution {

// Hands updates and keys on to the hub. With a shelf, replicas tell each other of their nodes
// there.
std::unique_ptr<controller::Component> component(std::shared_ptr<Hub> hub,
                                                 std::shared_ptr<keys::Keys> keys,
                                                 std::shared_ptr<keys::Shelf> shared);

}  // namespace smic::distribution
