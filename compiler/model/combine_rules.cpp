// SPDX-License-Identifier: Apache-2.0
// What a TrafficTarget allows: the rules of one target combined (SMI reference §2.4.3).
//
//   rules of kind …                  allow
//   TCPRoute                         any bytes on those ports
//   HTTPRouteGroup                   matching HTTP requests on all ports
//   TCPRoute and HTTPRouteGroup      matching HTTP requests on those ports
//   UDPRoute                         datagrams on those ports, besides the above
//
// INVARIANT: what a rule restricts follows from its kind as written, whether or not the object it
// names exists. A missing TCPRoute is "no port", a missing HTTPRouteGroup "no request"; taking
// either rule for absent would turn "these requests on no port" into "these requests on every
// port".
//
// Tested by tests/unit/model/access_test.cpp and tests/golden/access-*.
#include <algorithm>

#include "compiler/model/access_stages.h"

namespace smic::model {

using resources::L4Route;
using resources::Rule;
using resources::TrafficTarget;

namespace {

class PortSet {  // a list, or all of them
 public:
  void add(const L4Route& route) {
    all_ = all_ || route.ports.empty();
    for (const auto& port : route.ports) listed_.insert(port.value);
  }
  void add_all() { all_ = true; }

  void keep_only(Port port) {
    const bool had = all_ || listed_.contains(port);
    all_ = false;
    listed_.clear();
    if (had) listed_.insert(port);
  }

  std::optional<std::vector<Port>> list() const {
    if (all_) return std::nullopt;
    return std::vector<Port>(listed_.begin(), listed_.end());
  }

 private:
  bool all_ = false;
  std::set<Port> listed_;
};

void keep_first_of_equal(std::vector<MatchId>& ids) {
  std::unordered_set<MatchId> seen;
  std::erase_if(ids, [&](MatchId id) { return !seen.insert(id).second; });
}

}  // namespace

struct Rules::Combined {
  Identity destination;
  bool has_tcp = false, has_http = false, has_udp = false;  // rules of that kind, as written
  PortSet tcp, udp;
  std::vector<MatchId> http;
};

Rules::Rules(const resources::Set& set, RouteGroups& groups, PodPorts& pod_ports,
             const Options& options, Diagnostics& diagnostics)
    : groups_(groups),
      pod_ports_(pod_ports),
      diagnostics_(diagnostics),
      left_out_(set),
      tcp_("TCPRoute", ir::Protocol::tcp, options),
      udp_("UDPRoute", ir::Protocol::udp, options),
      used_(groups.matches.size()) {
  index(set.tcp_routes, tcp_);
  index(set.udp_routes, udp_);
}

void Rules::index(const std::vector<L4Route>& routes, L4Routes& into) {
  for (const L4Route& route : routes) {
    into.by_name.emplace(name_of(route.meta), &route);
    into.names.add(name_of(route.meta));
  }
}

void Rules::combine(const TrafficTarget& target, Access& access) {
  Combined combined{access.destination, false, false, false, {}, {}, {}};
  for (const Rule& rule : target.rules) add(target, rule, combined);
  if (!combined.has_tcp) combined.tcp.add_all();
  if (target.destination.port) {  // of v1alpha1 and v1alpha2
    combined.tcp.keep_only(target.destination.port->value);
    pod_ports_.check(access.destination, *target.destination.port, ir::Protocol::tcp);
  }
  if (combined.has_tcp || combined.has_http) {
    access.tcp = Access::Tcp{combined.tcp.list(), std::nullopt};
    keep_first_of_equal(combined.http);
    if (combined.has_http) access.tcp->http_matches = std::move(combined.http);
  }
  if (combined.has_udp) access.udp = Access::Udp{combined.udp.list()};
}

void Rules::add(const TrafficTarget& target, const Rule& rule, Combined& combined) {
  const Name name(target.meta.ns.value, rule.name.value);  // routes have no namespace (§2.4.5)
  const auto add_l4 = [&](L4Routes& routes, PortSet& ports) {
    const L4Route* route = find_l4(name, rule, routes);
    if (route == nullptr) return;
    ports.add(*route);
    for (const auto& port : route->ports) {
      pod_ports_.check(combined.destination, port, routes.protocol);
    }
  };
  if (rule.kind.value == tcp_.kind) {
    combined.has_tcp = true;
    add_l4(tcp_, combined.tcp);
  } else if (rule.kind.value == udp_.kind) {
    combined.has_udp = true;
    add_l4(udp_, combined.udp);
  } else {
    combined.has_http = true;  // of an unknown kind there is no group either: no request
    std::ranges::copy(find_http(name, rule), std::back_inserter(combined.http));
  }
}

const L4Route* Rules::find_l4(Name name, const Rule& rule, L4Routes& routes) {
  const auto found = routes.by_name.find(name);
  if (found == routes.by_name.end()) {
    tell_missing(name, rule, routes.names);
    return nullptr;
  }
  return selects(rule, *found->second, routes.kind) ? found->second : nullptr;
}

// Match names mean something here only if the route has one (D-11).
bool Rules::selects(const Rule& rule, const L4Route& route, std::string_view kind) {
  bool selected = rule.matches.empty();
  for (const resources::Text& match : rule.matches) {
    if (!route.match_name.empty() && match.value == route.match_name) {
      selected = true;
      continue;
    }
    diagnostics_.report("W20", match.span,
                        std::string(kind) + " `" + rule.name.value + "` has no match named `" +
                            match.value + "`, so it allows nothing",
                        "leave `matches` out: a " + std::string(kind) + " applies as a whole");
  }
  return selected;
}

std::vector<MatchId> Rules::find_http(Name name, const Rule& rule) {
  const auto found = groups_.by_name.find(name);
  if (found == groups_.by_name.end()) {
    tell_missing(name, rule, groups_.names);
    return {};
  }
  std::vector<MatchId> ids = select_matches(found->second, rule, diagnostics_);
  if (!groups_.spend(ids.size(), rule.name.span, diagnostics_)) return {};
  for (const MatchId id : ids) used_[id.value] = true;
  return ids;
}

void Rules::tell_missing(Name name, const Rule& rule, Candidates& candidates) {
  if (left_out_.has(rule.kind.value, name)) return;
  diagnostics_.report("W01", rule.name.span,
                      rule.kind.value + " `" + rule.name.value + "` in namespace `" +
                          std::string(name.first) + "` does not exist, so this rule allows nothing",
                      candidates.suggest(name));
}

void Rules::warn_of_prefix_surprises() const {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const auto& path = groups_.matches[i].path;
    if (!used_[i] || !path || !has_prefix_surprise(*path)) continue;
    diagnostics_.report(
        "W17", groups_.written[i]->path_regex->span,
        "path pattern `" + *path + "` also allows every longer path, such as `" + *path + "x`",
        "end it with `$` for exactly this path, or with `(/.*)?$` for all below it");
  }
}

}  // namespace smic::model
