// SPDX-License-Identifier: Apache-2.0
// The HTTPS server as a component, and the keys that it and what it serves need.
#pragma once

#include <memory>
#include <vector>

#include "controller/api/api.h"
#include "controller/daemon/daemon.h"
#include "controller/keys/keys.h"

namespace smic::controller {

// From --keys, or what the cluster's controllers share.
struct OpenedKeys {
  std::shared_ptr<keys::Shelf> shelf;
  std::shared_ptr<keys::Keys> keys;
};
Result<OpenedKeys> open_keys(const Surroundings& surroundings);

// Answers `routes`, and tends the keys.
std::unique_ptr<Component> serving(const Surroundings& surroundings,
                                   std::shared_ptr<keys::Keys> keys,
                                   std::vector<api::Route> routes);

// Tells the API server by which authority it knows us: `caBundle` of CRDs, webhooks, APIServices.
// Needs a cluster.
std::unique_ptr<Component> introduction(const Surroundings& surroundings,
                                        std::shared_ptr<keys::Keys> keys);

}  // namespace smic::controller
