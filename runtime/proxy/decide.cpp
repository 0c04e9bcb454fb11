// SPDX-License-Identifier: Apache-2.0
// The decision about one request: which unit, who asks, what the program says, which backend, which
// endpoint, and whether the caller may go there.
//
// Everything here happens between two suspension points, on one view, and allocates nothing unless
// the request is refused or logged. Access is decided for the endpoint that was chosen (D-21): the
// verdict is the set of destinations this caller may reach, the endpoint knows which it belongs to.
#include "runtime/proxy/normalise.h"
#include "runtime/proxy/session.h"

namespace smic::proxy {
namespace {

constexpr std::uint32_t kNone = 0xffffffff;

std::string name_of(const std::string& service, std::uint16_t port) {
  return service + ":" + std::to_string(port);
}

// The source is the pod that owns the connection's source address, and nothing a header says.
void identify(Caller& caller, const View& view, const program::Unit& unit) {
  if (caller.identity_serial == view.serial) return;
  caller.identity_serial = view.serial;
  const auto& identities = *view.snapshot->identities;
  const auto found = identities.find(caller.peer_ip);
  caller.pod = found == identities.end() ? nullptr : &found->second;
  caller.identity = caller.pod == nullptr ? std::string() : caller.pod->identity;
  caller.source_class = caller.identity.empty() ? 0 : unit.class_of(caller.identity);
  caller.source_number = caller.worker.source_number(caller.identity);
}

std::string_view join_cookies(const RequestHead& head, std::string& out) {
  out.clear();
  for (const Field& field : head.fields) {
    if (field.id != FieldId::cookie) continue;
    if (!out.empty()) out += "; ";
    out += field.value;
  }
  return out;
}

// The header lines that the unit's program asks for, by slot.
void fill_slots(const RequestHead& head, const contract::Shape& shape, Scratch& scratch) {
  scratch.slots.clear();
  scratch.lines.clear();
  // Slot names are distinct, so a line is in one slot at most, and none of these moves later.
  scratch.lines.reserve(head.fields.size() + 2);
  for (const std::string& name : shape.header_slots) {
    const std::size_t first = scratch.lines.size();
    const auto add = [&](std::string_view value) {
      scratch.lines.push_back({value.data(), value.size()});
    };
    if (name == "host") {
      if (!head.authority.empty()) add(head.authority);
    } else if (name == contract::kMethodHeader) {
      add(head.method);
    } else if (name == "cookie" && head.find(FieldId::cookie) != nullptr) {
      add(join_cookies(head, scratch.cookie));
    } else {
      for (const Field& field : head.fields) {
        if (equals_ignoring_case(field.name, name)) add(field.value);
      }
    }
    scratch.slots.push_back({scratch.lines.data() + first, scratch.lines.size() - first});
  }
}

// What the unit's program says of this request. False if its path makes no sense.
bool judge(const Caller& caller, const program::Unit& unit, const RequestHead& head,
           contract::Verdict& verdict) {
  Scratch& scratch = caller.worker.scratch;
  const auto path = normalise_path(head.path, scratch.path);
  if (!path) return false;
  contract::RequestView request{};
  request.path = {path->data(), path->size()};
  request.method = static_cast<std::uint32_t>(head.method_id);
  request.source_class = caller.source_class;
  if (!unit.program->shape().header_slots.empty()) {
    fill_slots(head, unit.program->shape(), scratch);
    request.headers = scratch.slots.data();
  }
  unit.program->match(request, verdict);
  return true;
}

observe::RequestSeries& series_of(Caller& caller, const program::Unit& unit, std::uint32_t route,
                                  std::uint32_t backend) {
  observe::RequestSeries*& series =
      caller.worker.series_cache[{caller.listener.number, route, backend, caller.source_number}];
  if (series == nullptr) {
    observe::RequestLabels labels;
    labels.source = caller.identity.empty() ? "unknown" : caller.identity;
    labels.destination = name_of(unit.manifest.service, unit.manifest.port);
    if (route != kNone) labels.route = unit.manifest.routes[route].origin.resource;
    if (backend != kNone) {
      labels.backend =
          name_of(unit.manifest.backends[backend].service, unit.manifest.backends[backend].port);
    }
    series = &caller.worker.metrics.series(labels);
  }
  return *series;
}

// "TrafficSplit shop/canary" → "shop/canary"; what no split routed has none.
std::string split_of(const contract::Route& route) {
  static constexpr std::string_view kKind = "TrafficSplit ";
  const std::string& resource = route.origin.resource;
  return resource.starts_with(kKind) ? resource.substr(kKind.size()) : std::string();
}

contract::EdgeNames names_of_edge(const Caller& caller, const program::Unit& unit,
                                  const contract::Route& route, const contract::Backend& backend,
                                  const program::Endpoint& endpoint) {
  contract::EdgeNames names;
  if (caller.pod != nullptr) names.source = caller.pod->pod;
  names.service = unit.manifest.service;
  names.split = split_of(route);
  names.backend = backend.service;
  const std::string& pod = endpoint.named->workload;
  names.destination = endpoint.address();
  if (!pod.empty())
    names.destination = backend.service.substr(0, backend.service.find('/') + 1) + pod;
  return names;
}

std::shared_ptr<observe::EdgeSeries> edge_of(Caller& caller, const program::Unit& unit,
                                             std::uint32_t route, std::uint32_t backend,
                                             const program::Endpoint& endpoint) {
  auto& edge =
      caller.worker.edge_cache[{endpoint.named, caller.pod, caller.listener.number, route}];
  if (edge == nullptr) {
    edge = caller.worker.edges.series(names_of_edge(caller, unit, unit.manifest.routes[route],
                                                    unit.manifest.backends[backend], endpoint),
                                      caller.account.began);
  }
  return edge;
}

// What no file says comes from an option.
std::string describe(const contract::Origin& origin) {
  if (origin.file.empty()) return origin.resource;
  return origin.resource + " (" + origin.file + ":" + std::to_string(origin.line) + ")";
}

void note_for_log(Caller& caller, const RequestHead& head, const program::Unit& unit,
                  const contract::Route* route) {
  Account& account = caller.account;
  account.method = head.method;
  account.path = head.target;
  account.unit = name_of(unit.manifest.service, unit.manifest.port);
  if (route != nullptr) account.route = describe(route->origin);
}

// High half of a 128-bit product: `fraction` of 2^64, of `total`.
std::uint64_t scale(std::uint64_t fraction, std::uint64_t total) {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(fraction) * total) >> 64);
}

// Index into the route's backends, or kNone. The program splits by the weights as written; only
// when a backend has no ready endpoint its share goes to the others here (D-20c), by their weights,
// of which zero stays zero. With strict shares it goes to nobody: the answer is that backend.
std::uint32_t split(const program::Unit& unit, std::uint32_t route_index, SplitSequence& sequence,
                    std::uint64_t random) {
  const auto& backends = unit.manifest.routes[route_index].split;
  std::uint64_t total = 0, live = 0;
  for (const contract::WeightedBackend& weighted : backends) {
    total += weighted.weight;
    if (!unit.backends[weighted.backend].empty()) live += weighted.weight;
  }
  if (live == 0) return kNone;
  if (live == total || unit.manifest.policy.strict_shares()) {
    return unit.program->split(route_index, sequence.next(total, random));
  }
  std::uint64_t left = scale(sequence.next(live, random), live);
  for (std::uint32_t i = 0; i < backends.size(); ++i) {
    if (unit.backends[backends[i].backend].empty()) continue;
    if (left < backends[i].weight) return i;
    left -= backends[i].weight;
  }
  return kNone;
}

// `avoid` counts as busier than any other.
const program::Endpoint& pick_endpoint(Worker& worker,
                                       const std::vector<program::Endpoint>& endpoints,
                                       const upstream::Pool* avoid, std::uint32_t& turn) {
  if (endpoints.size() == 1) return endpoints.front();
  const std::size_t index = upstream::pick(
      endpoints.size(), turn++, static_cast<std::uint32_t>(worker.random()), [&](std::size_t i) {
        const upstream::Pool& pool = worker.pool_of(endpoints[i]);
        return &pool == avoid ? ~std::uint32_t{0} : pool.active;
      });
  return endpoints[index];
}

Refusal gone() {
  return {503, "gone; this mesh address no longer has a service",
          "Resolve the name again, and check that the Service still exists."};
}

Refusal unavailable(const program::Unit& unit, const contract::Route& route) {
  std::uint64_t weights = 0;
  for (const contract::WeightedBackend& weighted : route.split) weights += weighted.weight;
  const bool no_weight = weights == 0;
  return {503,
          "unavailable; route=\"" + route.origin.resource + "\"; " +
              (no_weight ? "no backend has a weight above zero"
                         : "no backend with a weight has a ready endpoint"),
          no_weight ? "Give a backend of " + describe(route.origin) + " a weight."
                    : "Check that the pods behind " + unit.manifest.service + " are ready."};
}

// The split gave the request to a backend without endpoints, and its share is nobody else's.
Refusal not_redistributed(const program::Unit& unit, const contract::Route& route,
                          const contract::Backend& backend) {
  const contract::Origin& says_so = unit.manifest.policy.split_shares->origin;
  return {503,
          "unavailable; route=\"" + route.origin.resource + "\"; " + backend.service +
              " has no ready endpoint; split-shares; policy=\"" + describe(says_so) + "\"",
          "Check that the pods behind " + backend.service +
              " are ready, or take its weight away in " + describe(route.origin) + "."};
}

Refusal denied(const Caller& caller, const program::Unit& unit, const contract::Route& route,
               const program::Endpoint& endpoint) {
  const std::string who =
      caller.identity.empty() ? "the unknown source " + caller.peer_ip : caller.identity;
  const std::string whom = endpoint.identity().empty()
                               ? "the endpoint " + endpoint.address() + ", which is no pod's"
                               : endpoint.identity();
  const char* mode =
      unit.manifest.access == contract::AccessMode::enforce ? "enforce" : "permissive";
  return {403,
          std::string("denied; mode=") + mode + "; route=\"" + route.origin.resource +
              "\"; no TrafficTarget allows " + who + " to " + whom,
          "Add a TrafficTarget with this source, destination and a rule that matches the request; "
          "`smic explain` says what is missing."};
}

}  // namespace

std::optional<Refusal> decide(Caller& caller, const RequestHead& head, Choice& choice) {
  Worker& worker = caller.worker;
  const View& view = worker.view();
  const program::Unit* unit = view.unit_of(caller.listener);
  if (unit == nullptr) {
    choice.unit_is_gone = true;
    return gone();
  }
  identify(caller, view, *unit);
  caller.account.policy = view.policy_of(caller.listener);
  caller.account.series = &series_of(caller, *unit, kNone, kNone);
  if (worker.access_log.on()) note_for_log(caller, head, *unit, nullptr);

  contract::Verdict verdict{};
  if (!judge(caller, *unit, head, verdict)) {
    worker.metrics.requests_malformed.add();
    return Refusal{400, "malformed; the path has an invalid escape", "Escape `%` as `%25`."};
  }
  // From here on the route is certain; what can still fail is the world behind it.

  const contract::Route& route = unit->manifest.routes[verdict.route];
  if (worker.access_log.on()) caller.account.route = describe(route.origin);
  caller.account.series = &series_of(caller, *unit, verdict.route, kNone);
  UnitState& state = worker.unit_state(caller.listener);
  if (state.routes.size() < unit->manifest.routes.size()) {
    state.routes.resize(unit->manifest.routes.size());
  }
  if (state.turns.size() < unit->backends.size()) state.turns.resize(unit->backends.size());
  const std::uint32_t share =
      split(*unit, verdict.route, state.routes[verdict.route], worker.random());
  if (share == kNone) {
    worker.metrics.requests_unavailable.add();
    return unavailable(*unit, route);
  }
  const std::uint32_t backend = route.split[share].backend;
  caller.account.series = &series_of(caller, *unit, verdict.route, backend);
  if (unit->backends[backend].empty()) {
    worker.metrics.requests_unavailable.add();
    act(caller, observe::PolicyKind::split_shares);
    return not_redistributed(*unit, route, unit->manifest.backends[backend]);
  }
  const program::Endpoint& endpoint =
      pick_endpoint(worker, unit->backends[backend], choice.avoid, state.turns[backend]);
  if (worker.access_log.on()) {
    caller.account.backend = caller.account.series->labels.backend;
    caller.account.endpoint = endpoint.address() + ":" + std::to_string(endpoint.port());
  }
  if (!program::allowed(verdict, endpoint)) {
    worker.metrics.requests_denied.add();
    return denied(caller, *unit, route, endpoint);
  }
  if (unit->manifest.protocol == contract::Protocol::http) {
    caller.account.edge = edge_of(caller, *unit, verdict.route, backend, endpoint);
  }
  choice.pool = &worker.pool_of(endpoint);
  return std::nullopt;
}

Standing standing_of(Caller& caller, const RequestHead& head, const upstream::Pool& where) {
  Worker& worker = caller.worker;
  const View& view = worker.view();
  const program::Unit* unit = view.unit_of(caller.listener);
  if (unit == nullptr) return Standing::unit_gone;
  identify(caller, view, *unit);
  contract::Verdict verdict{};
  if (!judge(caller, *unit, head, verdict)) return Standing::forbidden;
  for (const auto& endpoints : unit->backends) {
    for (const program::Endpoint& endpoint : endpoints) {
      if (&worker.pool_of(endpoint) != &where) continue;
      return program::allowed(verdict, endpoint) ? Standing::allowed : Standing::forbidden;
    }
  }
  return Standing::endpoint_gone;
}

bool tunnel_still_allowed(Session& session) {
  RequestHead& head = session.worker.scratch.request;
  head = {};
  if (!session.tunnel_head.empty()) {
    const Options& options = session.worker.options();
    HeadParser({options.max_header_bytes, options.max_header_count})
        .request(session.tunnel_head, head);
  }
  // A pod that is ending, or no longer chosen, keeps its tunnels: that is no matter of access.
  const Standing standing = standing_of(session, head, *session.tunnel_to);
  return standing == Standing::allowed || standing == Standing::endpoint_gone;
}

}  // namespace smic::proxy
