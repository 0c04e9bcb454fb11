// SPDX-License-Identifier: Apache-2.0
// What the stages of resolve() hand to each other; for the .cpp files of this folder only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "compiler/model/names.h"
#include "compiler/model/pod_identities.h"

namespace smic::model {

// ---- namespaces.cpp --------------------------------------------------------------------------

// One of an object's labels or annotations of ours; null if it has none of this key.
const resources::Text* setting(const resources::Metadata& meta, std::string_view key);

// What `smic.dev/mesh` says, on a Service or a Namespace; nothing where it says nothing.
std::optional<bool> mesh_setting(const resources::Metadata& meta, Diagnostics& diagnostics);

struct NamespaceSettings {
  std::optional<bool> meshed;
  ir::AccessMode access = ir::AccessMode::enforce;
  ir::Origin access_origin;
};

class Namespaces {
 public:
  Namespaces(const resources::Set& set, const Options& options, Diagnostics& diagnostics);
  const NamespaceSettings& of(std::string_view ns) const;
  // Is a Service meshed that says nothing itself? Its namespace decides, then the options do.
  bool meshes(const ServiceRef& service) const;

 private:
  const Options& options_;
  NamespaceSettings standard_;
  std::unordered_map<std::string_view, NamespaceSettings> labelled_;
};

// ---- protocol.cpp ----------------------------------------------------------------------------

// What a Service's annotation says about all its TCP ports; absent = nothing.
std::optional<ir::Protocol> annotated_protocol(const resources::Service& service,
                                               Diagnostics& diagnostics);

// Absent: a transport that the mesh does not carry (SCTP).
std::optional<ir::Protocol> protocol_of(const resources::ServicePort& port,
                                        std::optional<ir::Protocol> annotated);

// ---- route_policy.cpp ------------------------------------------------------------------------

// What a Service's annotations ask for, and where they say nothing the options; `ports` are its
// resolved ones.
ir::RoutePolicy route_policy(const resources::Service& service,
                             const std::vector<ServicePort>& ports, const Options& options,
                             Diagnostics& diagnostics);

// ---- resolve_services.cpp --------------------------------------------------------------------

// The object behind Mesh::services[i], and behind each of its ports.
struct ServiceSource {
  const resources::Service* object = nullptr;
  std::vector<const resources::ServicePort*> ports;
};

struct Services {
  std::vector<Service> resolved;  // sorted by ref, without endpoints yet
  std::vector<ServiceSource> sources;
};

Services resolve_services(const resources::Set& set, const Namespaces& namespaces,
                          const Options& options, Diagnostics& diagnostics);

// ---- resolve_endpoints.cpp -------------------------------------------------------------------

void attach_endpoints(const resources::Set& set, const PodIdentities& identities,
                      const Limits& limits, Services& services, Diagnostics& diagnostics);

// Every running pod that has an address of its own; two that claim the same one have none.
std::vector<PodAddress> pod_addresses(const resources::Set& set, const PodIdentities& identities,
                                      Diagnostics& diagnostics);

// ---- resolve_matches.cpp ---------------------------------------------------------------------

struct RouteGroup {
  const resources::HttpRouteGroup* object = nullptr;
  std::vector<std::optional<MatchId>> matches;  // as written; absent = not usable (E03)
  std::unordered_map<std::string_view, std::size_t> by_name;
};

struct RouteGroups {
  explicit RouteGroups(const Options& options) : names("HTTPRouteGroup", options) {}

  ByName<RouteGroup> by_name;
  Candidates names;
  std::vector<ir::Match> matches;                    // becomes Mesh::matches
  std::vector<const resources::HttpMatch*> written;  // where each of them comes from
  std::size_t may_be_selected = 0;                   // what is left of Limits::selected_matches

  // May the rule or split at `span` select so many more? If not, says so (W57).
  bool spend(std::size_t count, Span span, Diagnostics& diagnostics);
};

RouteGroups resolve_matches(const resources::Set& set, const Options& options,
                            Diagnostics& diagnostics);

// The usable matches that a rule selects: all, or those it names; unknown names add none (W02).
std::vector<MatchId> select_matches(const RouteGroup& group, const resources::Rule& rule,
                                    Diagnostics& diagnostics);
std::vector<MatchId> all_matches(const RouteGroup& group);

// Is this path pattern likely to allow more than its author sees ("/metrics" and "/metricsX")? W17.
bool has_prefix_surprise(std::string_view path_regex);

// ---- resolve_access.cpp, resolve_splits.cpp, check_splits.cpp, check_split_access.cpp --------

std::vector<Access> resolve_access(const resources::Set& set, const PodIdentities& identities,
                                   const std::vector<Service>& services, RouteGroups& groups,
                                   const Options& options, Diagnostics& diagnostics);

std::vector<Split> resolve_splits(const resources::Set& set, const std::vector<Service>& services,
                                  RouteGroups& groups, const Options& options,
                                  Diagnostics& diagnostics);

// What the author of a split that applies may not expect: W07, W08, W09, W11, W12.
class SplitChecks {
 public:
  SplitChecks(const resources::Set& set, const std::vector<Service>& services,
              const Options& options, Diagnostics& diagnostics);
  void add_root(ServiceId root) { roots_.insert(root); }  // of every split, before any is checked

  // `written[i]` is where split.backends[i] comes from.
  void check(const Split& split, const resources::TrafficSplit& object,
             const std::vector<const resources::SplitBackend*>& written);

 private:
  void check_backend(const Split& split, const resources::TrafficSplit& object,
                     const Backend& backend, const resources::SplitBackend& written);
  void check_ports(const Service& root, const resources::TrafficSplit& object,
                   const Service& service, Span span);

  const std::vector<Service>& services_;
  Diagnostics& diagnostics_;
  std::unordered_set<ServiceId> roots_;
  bool endpoints_are_known_;
};

// W13: a caller that some backends of a split accept and others do not.
void check_split_access(const Mesh& mesh, Diagnostics& diagnostics);

// ---- service_names.cpp -----------------------------------------------------------------------

// The bare name in one of the accepted forms (D-16): name, name.ns, name.ns.svc and
// name.ns.svc.DOMAIN, each with an optional trailing dot. Reports E15 and returns nothing for
// others.
std::optional<std::string_view> bare_service_name(const resources::Text& written,
                                                  std::string_view ns, const Options& options,
                                                  Diagnostics& diagnostics);

std::optional<ServiceId> find_service(const std::vector<Service>& services, const Name& name);

}  // namespace smic::model
