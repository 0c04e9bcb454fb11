// SPDX-License-Identifier: Apache-2.0
#include "controller/api/route.h"

namespace smic::api {
namespace {

bool is_offered(const Route& route, bool secure) {
  return route.offered == Offered::both ||
         route.offered == (secure ? Offered::secure : Offered::plain);
}

bool is_below(std::string_view path, std::string_view above) {
  return path.starts_with(above) &&
         (above.ends_with('/') || path.size() == above.size() || path[above.size()] == '/');
}

}  // namespace

const Route* find_route(std::span<const Route> routes, std::string_view path, bool secure) {
  const Route* best = nullptr;
  for (const Route& route : routes) {
    if (!is_offered(route, secure)) continue;
    if (route.path == path && !route.below) return &route;
    if (!route.below || !is_below(path, route.path)) continue;
    if (best == nullptr || route.path.size() > best->path.size()) best = &route;
  }
  return best;
}

}  // namespace smic::api
