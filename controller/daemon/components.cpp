// SPDX-License-Identifier: Apache-2.0
// The wiring: what the daemon consists of, one concern after the other. What others rely on comes
// first, since the list is stopped from its end.
#include <algorithm>
#include <iterator>

#include "controller/api/reviews.h"
#include "controller/cluster_dns/component.h"
#include "controller/daemon/daemon.h"
#include "controller/daemon/dns_events.h"
#include "controller/daemon/enforcement.h"
#include "controller/daemon/serving.h"
#include "controller/distribution/distribution.h"
#include "controller/distribution/status_api.h"
#include "controller/shadow/shadow.h"
#include "controller/status/status.h"

namespace smic::controller {
namespace {

// Null: nobody can be told apart, so nobody is served.
std::shared_ptr<distribution::Gate> gate_of(const Surroundings& surroundings) {
  const Configuration& given = surroundings.configuration;
  if (!given.tokens.empty()) return distribution::token_file_gate(given.tokens);
  if (surroundings.api == nullptr) return nullptr;
  return distribution::token_review_gate(
      *surroundings.api, {.account = "system:serviceaccount:" + surroundings.ns + ":smic-proxy"});
}

// Tells proxies what to enforce. The epoch is kept where the keys are. Null without a gate.
std::shared_ptr<distribution::Hub> distribute(const Surroundings& surroundings,
                                              const OpenedKeys& keys,
                                              std::vector<std::unique_ptr<Component>>& list,
                                              std::vector<api::Route>& routes) {
  auto gate = gate_of(surroundings);
  if (!gate) return nullptr;
  distribution::HubOptions options;
  options.targets = surroundings.configuration.compile.targets;
  options.take_epoch = [shelf = keys.shelf](std::uint64_t above) {
    return distribution::take_epoch(*shelf, above);
  };
  std::shared_ptr<distribution::Hub> hub =
      distribution::Hub::start(std::move(options), keys.keys->signing());
  std::ranges::move(distribution::routes(hub, std::move(gate)), std::back_inserter(routes));
  // A directory's controllers have nobody who writes status for all of them.
  list.push_back(distribution::component(
      hub, keys.keys,
      surroundings.api != nullptr && surroundings.configuration.keys.empty() ? keys.shelf
                                                                             : nullptr));
  return hub;
}

// Metrics of the mesh, as the API server asks for them; what to do once there is a server.
std::function<void(api::Server&)> measure(const Surroundings& surroundings,
                                          const std::shared_ptr<distribution::Hub>& hub,
                                          std::vector<std::unique_ptr<Component>>& list,
                                          std::vector<api::Route>& routes) {
  if (surroundings.configuration.listen.empty() || surroundings.api == nullptr) return nullptr;
  auto metrics = smi_metrics(surroundings);
  std::ranges::move(metrics->routes(), std::back_inserter(routes));
  if (hub) {
    routes.push_back(
        distribution::status_api(metrics->for_api_server([hub](const api::Request& request) {
          return distribution::answer_status_api(*hub, request);
        })));
  }
  list.push_back(std::move(metrics));
  return [of = static_cast<MetricsComponent*>(list.back().get())](api::Server& server) {
    of->serve_with(server);
  };
}

}  // namespace

Result<std::vector<std::unique_ptr<Component>>> components(const Surroundings& surroundings) {
  const Configuration& given = surroundings.configuration;
  std::vector<std::unique_ptr<Component>> list;
  if (!given.out.empty()) list.push_back(file_publisher(given.out));
  if (given.manage_dns && surroundings.api != nullptr) {
    cluster_dns::ManagerOptions options{.ns = surroundings.ns};
    options.patience.live = std::chrono::seconds(given.dns_seconds);
    list.push_back(cluster_dns::component(
        *surroundings.api, surroundings.stop, options,
        [&] { return surroundings.leadership.leads(); }, tell_dns_by_events(surroundings)));
  }
  if (given.address_plan == AddressPlanName::shadow && !given.read_only) {
    list.push_back(shadow::keeper({*surroundings.api, surroundings.leadership, surroundings.stop},
                                  shadow_options(given, surroundings.ns), surroundings.wishes));
  }
  std::vector<api::Route> routes = api::review_routes(
      [now = surroundings.now] { return now()->compile.model; }, surroundings.in_mesh);
  std::shared_ptr<distribution::Hub> hub;
  OpenedKeys keys;
  if (!given.listen.empty()) {
    auto opened = open_keys(surroundings);
    if (!opened) return std::unexpected(opened.error());
    keys = std::move(*opened);
    hub = distribute(surroundings, keys, list, routes);
  }
  // Behind distribution, whose version it asks for.
  if (surroundings.api != nullptr && !given.read_only) {
    list.push_back(
        status::report_status({*surroundings.api, *surroundings.writer, surroundings.leadership,
                               surroundings.stop, hub ? enforcement_by(hub) : nullptr}));
  }
  if (given.listen.empty() && given.health.empty()) return list;
  auto started = measure(surroundings, hub, list, routes);
  if (keys.keys && surroundings.writer != nullptr) {
    list.push_back(introduction(surroundings, keys.keys));
  }
  list.push_back(
      serving(surroundings, std::move(keys.keys), std::move(routes), std::move(started)));
  return list;
}

}  // namespace smic::controller
