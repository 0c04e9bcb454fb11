// SPDX-License-Identifier: Apache-2.0
// The order in which names are resolved, one step a line. Every step is a pass over its own kind of
// object with hash look-ups into the earlier ones, so a mesh of 10,000 services, 100,000 endpoints
// and 100,000 matches resolves in a few seconds (tests/unit/model/resolve_test.cpp holds that).
#include "compiler/model/stages.h"

#include <algorithm>

namespace smic::model {

Mesh resolve(const resources::Set& set, const Options& options, Diagnostics& diagnostics) {
  const Namespaces namespaces(set, options, diagnostics);
  const PodIdentities identities(set);
  Services services = resolve_services(set, namespaces, options, diagnostics);
  attach_endpoints(set, identities, options.limits, services, diagnostics);
  RouteGroups groups = resolve_matches(set, options, diagnostics);
  // From here on every Service, port, endpoint and match has an id; what follows binds rules to
  // them.
  Mesh mesh;
  mesh.services = std::move(services.resolved);
  mesh.pods = pod_addresses(set, identities, diagnostics);
  mesh.told_apart = identities.told_apart();
  mesh.access = resolve_access(set, identities, mesh.services, groups, options, diagnostics);
  mesh.splits = resolve_splits(set, mesh.services, groups, options, diagnostics);
  mesh.matches = std::move(groups.matches);
  check_split_access(mesh, diagnostics);
  return mesh;
}

const Service* Mesh::find(const ServiceRef& ref) const {
  const auto id = find_service(services, {ref.ns, ref.name});
  return id ? &services[id->value] : nullptr;
}

std::span<const Access> Mesh::access_to(const Identity& destination) const {
  const auto found = std::ranges::equal_range(access, destination, {}, &Access::destination);
  return {found.begin(), found.end()};
}

std::optional<std::size_t> Service::find_port(Port port, ir::Protocol protocol) const {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].port == port && same_transport(ports[i].protocol, protocol)) return i;
  }
  return std::nullopt;
}

std::optional<Port> Service::target_port(const Endpoint& endpoint, Port port,
                                         ir::Protocol protocol) const {
  const auto index = find_port(port, protocol);
  if (!index || endpoint.ports[*index] == 0) return std::nullopt;
  return endpoint.ports[*index];
}

std::string Candidates::help_from_surroundings(const Name& name) const {
  std::string help = smic::suggest(name.second, surroundings_->names(kind_, name.first));
  if (!help.empty()) return help;
  const std::string ns = surroundings_->namespace_with(kind_, name.second);
  return ns.empty() ? help : "there is one of this name in namespace `" + ns + '`';
}

std::string Candidates::suggest(const Name& name) {
  if (surroundings_ != nullptr) return help_from_surroundings(name);
  std::string help;
  const auto near = by_namespace_.find(name.first);
  if (near != by_namespace_.end() && comparisons_ + near->second.size() <= kMaxComparisons) {
    comparisons_ += near->second.size();
    help = smic::suggest(name.second, near->second);
  }
  const auto same = elsewhere_.find(name.second);
  if (!help.empty() || same == elsewhere_.end()) return help;
  return "there is one of this name in namespace `" + std::string(same->second) + '`';
}

ir::Origin origin_of(std::string_view kind, const resources::Metadata& meta, Span span,
                     const Sources& sources) {
  return {std::string(kind) + " " + meta.ns.value + "/" + meta.name.value,
          sources.name(span.source), span.line};
}

}  // namespace smic::model
