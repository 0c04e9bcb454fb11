// SPDX-License-Identifier: Apache-2.0
// The wiring: what the daemon consists of, one concern after the other. What others rely on comes
// first, since the list is stopped from its end.
#include "controller/api/reviews.h"
#include "controller/cluster_dns/component.h"
#include "controller/daemon/daemon.h"
#include "controller/daemon/serving.h"

namespace smic::controller {

Result<std::vector<std::unique_ptr<Component>>> components(const Surroundings& surroundings) {
  const Configuration& given = surroundings.configuration;
  std::vector<std::unique_ptr<Component>> list;
  if (!given.out.empty()) list.push_back(file_publisher(given.out));
  if (given.manage_dns && surroundings.api != nullptr) {
    list.push_back(cluster_dns::component(*surroundings.api, surroundings.stop,
                                          {.ns = surroundings.ns},
                                          [&] { return surroundings.leadership.leads(); }));
  }
  if (given.listen.empty() && given.health.empty()) return list;
  std::shared_ptr<keys::Keys> keys;
  if (!given.listen.empty()) {
    auto opened = open_keys(surroundings);
    if (!opened) return std::unexpected(opened.error());
    keys = std::move(*opened);
  }
  std::vector<api::Route> routes = api::review_routes(given.compile.model);
  if (keys && surroundings.writer != nullptr) list.push_back(introduction(surroundings, keys));
  list.push_back(serving(surroundings, std::move(keys), std::move(routes)));
  return list;
}

}  // namespace smic::controller
