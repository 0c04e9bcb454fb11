// SPDX-License-Identifier: Apache-2.0
// The front door of controller/distribution: updates in, every node's proxy told what to enforce,
// and who enforces what known.
//   hub.h    states for nodes, streams that get them, acknowledgements
//   epoch.h  how a state is known to be newer than one of another process
//   gate.h   who may ask: ServiceAccount tokens, or a file of them
//   routes.h /v1/watch, /v1/images, /v1/ack, /v1/status
// docs/distribution.md has the protocol with examples. Replicas do not speak with each other: each
// serves whoever comes, and hashes of equal states are equal.
#pragma once

#include "controller/component.h"
#include "controller/distribution/epoch.h"
#include "controller/distribution/gate.h"
#include "controller/distribution/hub.h"
#include "controller/distribution/routes.h"
#include "controller/keys/keys.h"

namespace smic::distribution {

// Hands updates and keys on to the hub, and ends it.
std::unique_ptr<controller::Component> component(std::shared_ptr<Hub> hub,
                                                 std::shared_ptr<keys::Keys> keys);

}  // namespace smic::distribution
