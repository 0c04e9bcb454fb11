// SPDX-License-Identifier: Apache-2.0
#include "compiler/incremental/surroundings.h"

namespace smic::incremental {
namespace {

using Key = std::pair<std::string, std::string>;

// True if the first came or the last went.
template <class Names>
bool adjust(Names& names, const std::string& name, int by) {
  const int count = names[name] += by;
  if (count == 0) names.erase(name);
  return count == (by > 0 ? 1 : 0);
}

}  // namespace

bool World::count(const resources::Set& object, int by) {
  bool changed = false;
  const auto each = [&](std::string_view kind, const auto& list) {
    for (const auto& one : list) changed |= count(kind, one.meta, one.meta.name.value, by);
  };
  each("Service", object.services);
  each("HTTPRouteGroup", object.http_route_groups);
  each("TCPRoute", object.tcp_routes);
  each("UDPRoute", object.udp_routes);
  each("IdentityBinding", object.identity_bindings);
  each("ServiceAccount", object.service_accounts);
  for (const resources::Pod& pod : object.pods) {
    changed |= count("ServiceAccount", pod.meta, pod.shape.service_account, by);
  }
  return changed;
}

bool World::count(std::string_view kind, const resources::Metadata& meta, const std::string& name,
                  int by) {
  adjust(where_[Key(kind, name)], meta.ns.value, by);
  return adjust(names_[Key(kind, meta.ns.value)], name, by);
}

bool World::endpoints_are_known() const {
  return objects_.any(Role::slice) || objects_.any(Role::any_pod);
}

std::vector<std::string> World::names(std::string_view kind, std::string_view ns) const {
  std::vector<std::string> names;
  const auto found = names_.find(Key(kind, ns));
  if (found == names_.end()) return names;
  for (const auto& [name, count] : found->second) names.push_back(name);
  return names;
}

std::string World::namespace_with(std::string_view kind, std::string_view name) const {
  const auto found = where_.find(Key(kind, name));
  if (found == where_.end() || found->second.empty()) return {};
  return found->second.begin()->first;
}

}  // namespace smic::incremental
