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

// Answers `routes`, and tends the keys. `started` is told of the server, which lives until this is
// stopped.
std::unique_ptr<Component> serving(const Surroundings& surroundings,
                                   std::shared_ptr<keys::Keys> keys, std::vector<api::Route> routes,
                                   std::function<void(api::Server&)> started = nullptr);

// The aggregated API `metrics.smi-spec.io`. Needs a cluster.
class MetricsComponent : public Component {
 public:
  virtual std::vector<api::Route> routes() = 0;
  virtual void serve_with(api::Server& server) = 0;  // once; it needs the server's trust
  // Answers to nobody else.
  virtual api::Handler for_api_server(api::Handler handler) = 0;
};
std::unique_ptr<MetricsComponent> smi_metrics(const Surroundings& surroundings);

// Tells the API server by which authority it knows us: `caBundle` of CRDs, webhooks, APIServices.
// Needs a cluster.
std::unique_ptr<Component> introduction(const Surroundings& surroundings,
                                        std::shared_ptr<keys::Keys> keys);

}  // namespace smic::controller
