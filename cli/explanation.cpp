// SPDX-License-Identifier: Apache-2.0
// Tested by explanation_test.cpp.
#include "cli/near_miss.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/overload.h"
#include "compiler/judge.h"

namespace smic::cli {
namespace {

using Covered = std::vector<contract::Destination>;

// Not every text can be built in one sentence; these are the parts it is made of.
std::string list_of(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::set<std::string> identities_of(const std::vector<BackendAnswer>& backends) {
  std::set<std::string> names;
  for (const BackendAnswer& each : backends) {
    names.insert(each.identities.begin(), each.identities.end());
  }
  return names;
}

// UDP may share a number with TCP or HTTP. Unless datagrams are asked for, the other one is meant.
const ir::Unit* find_unit(const Frontend& front, const Query& query) {
  const ir::Unit* found = nullptr;
  for (const ir::Unit& unit : front.units) {
    if (unit.service != query.to || unit.port != query.port) continue;
    const bool is_udp = unit.protocol == ir::Protocol::udp;
    if (query.datagrams && !is_udp) continue;
    if (found == nullptr || !is_udp) found = &unit;
  }
  return found;
}

contract::Destination destination_of(const ir::Destinations& destinations) {
  return std::visit(Overload{[](const ir::AnyDestination&) { return contract::Destination{}; },
                             [](const ir::DestinationRef& to) {
                               return contract::Destination{ir::to_string(to.identity),
                                                            to.port.value_or(0)};
                             }},
                    destinations);
}

bool covers(const contract::Destination& destination, const std::string& identity, ir::Port port) {
  if (destination.identity.empty()) return true;
  return destination.identity == identity && (destination.port == 0 || destination.port == port);
}

std::vector<ir::BackendRef> backends_of(const ir::Action& action) {
  return std::visit([](const auto& each) { return each.backends; }, action);
}

ir::Evaluation evaluation_of(const ir::Unit& unit, const Query& query) {
  AutomataJudge judge;
  return ir::evaluate(unit, {method_of(query), query.path, query.headers, query.from}, judge);
}

Answer evaluated_answer(const ir::Unit& unit, const ir::Evaluation& evaluation) {
  Answer answer{backends_of(unit.routes[evaluation.route].action), {}};
  for (std::size_t index : evaluation.allows) {
    answer.destinations.push_back(destination_of(unit.allows[index].to));
  }
  return answer;
}

// On a laptop there may be workloads and no pods yet: then their templates stand for the pods.
bool templates_count(const Frontend& front) {
  return front.resources.endpoint_slices.empty() && front.resources.pods.empty();
}

// Rule IR names no pods. Then every backend counts as ready, and as run by whomever the unit's
// rules name as destination: lowering put no others there.
bool rule_ir_alone(const Frontend& front) { return front.mesh.services.empty(); }

BackendAnswer look_at(const Frontend& front, ir::Protocol protocol, const ir::BackendRef& backend,
                      const Covered& destinations) {
  BackendAnswer answer{backend, false, 0, {}};
  std::set<std::string> identities;
  const auto allows = [&](const std::string& identity, ir::Port port) {
    return std::ranges::any_of(destinations,
                               [&](const auto& each) { return covers(each, identity, port); });
  };
  answer.allowed = allows("", 0);  // true in permissive mode alone
  const model::Service* service = front.mesh.find(backend.service);
  if (rule_ir_alone(front)) {
    answer.ready = 1;
    answer.allowed = !destinations.empty();
    return answer;
  }
  if (service == nullptr) return answer;
  bool ready_one = false, any_one = false;  // may be sent the request
  for (const model::Endpoint& endpoint : service->endpoints) {
    const auto port = service->target_port(endpoint, backend.port, protocol);
    if (!port) continue;
    const bool ready = endpoint.ready && (!endpoint.address.empty() || templates_count(front));
    answer.ready += ready ? 1 : 0;
    if (!endpoint.identity) continue;
    identities.insert(ir::to_string(*endpoint.identity));
    const bool allowed = allows(ir::to_string(*endpoint.identity), *port);
    any_one |= allowed;
    ready_one |= ready && allowed;
  }
  // Ready endpoints decide: traffic goes nowhere else. While there is none, the others tell.
  answer.allowed |= answer.ready > 0 ? ready_one : any_one;
  answer.identities.assign(identities.begin(), identities.end());
  return answer;
}

std::vector<BackendAnswer> look_at_all(const Frontend& front, ir::Protocol protocol,
                                       const Answer& answer) {
  std::vector<BackendAnswer> looked;
  for (const ir::BackendRef& backend : answer.backends) {
    looked.push_back(look_at(front, protocol, backend, answer.destinations));
  }
  return looked;
}

// What traffic can reach. A manifest leaves out the rest where every weight is zero, so this is
// what the engines are compared by.
std::vector<BackendAnswer> with_weight(std::vector<BackendAnswer> backends) {
  std::erase_if(backends, [](const BackendAnswer& each) { return each.backend.weight == 0; });
  return backends;
}

Outcome outcome_of(const std::vector<BackendAnswer>& backends) {
  if (std::ranges::none_of(backends, &BackendAnswer::usable)) return Outcome::unavailable;
  const auto takes = [](const BackendAnswer& each) { return each.usable() && each.allowed; };
  return std::ranges::any_of(backends, takes) ? Outcome::forward : Outcome::deny;
}

// In the order written, each once. In permissive mode there is nothing to name.
std::vector<ir::Origin> targets_that_allow(const Frontend& front, const ir::Unit& unit,
                                           const ir::Evaluation& evaluation,
                                           const std::vector<ir::BackendRef>& backends) {
  std::vector<ir::Origin> origins;
  for (std::size_t index : evaluation.allows) {
    const ir::Allow& allow = unit.allows[index];
    if (std::holds_alternative<ir::AnyDestination>(allow.to)) continue;
    const auto covered = [&](const ir::BackendRef& backend) {
      return look_at(front, unit.protocol, backend, {destination_of(allow.to)}).allowed;
    };
    if (std::ranges::any_of(backends, covered) &&
        std::ranges::find(origins, allow.origin) == origins.end()) {
      origins.push_back(allow.origin);
    }
  }
  return origins;
}

// Backends whose share is answered 503, because nobody else may have it (D-20c).
std::set<std::string> not_redistributed(const Explanation& explanation) {
  std::set<std::string> names;
  if (!explanation.policy.strict_shares()) return names;
  for (const BackendAnswer& each : explanation.backends) {
    if (each.backend.weight > 0 && each.ready == 0) {
      names.insert(ir::to_string(each.backend.service));
    }
  }
  return names;
}

std::string why_forward(const Explanation& explanation) {
  std::string reason = explanation.mode == ir::AccessMode::permissive
                           ? "access mode is permissive, so no TrafficTarget is needed"
                           : "allowed by " + explanation.because.front().resource;
  std::set<std::string> closed;
  for (const BackendAnswer& each : explanation.backends) {
    if (each.usable() && !each.allowed) closed.insert(ir::to_string(each.backend.service));
  }
  const auto but = [&reason](const std::set<std::string>& names, const char* what) {
    if (!names.empty()) reason += ", but what the split sends to " + list_of(names) + what;
  };
  but(closed, " is denied");
  but(not_redistributed(explanation), " is answered 503, since it has no ready endpoint");
  return reason;
}

std::string why_denied(const Query& query, const Explanation& explanation) {
  const std::set<std::string> identities = identities_of(explanation.backends);
  const std::string destination = identities.empty() ? "the pods of " + ir::to_string(query.to)
                                                     : "pods that run as " + list_of(identities);
  const std::string mode = explanation.mode == ir::AccessMode::enforce ? "enforce" : "permissive";
  return "access mode is " + mode + ", and no TrafficTarget allows " + ir::to_string(query.from) +
         " to send this to " + destination;
}

std::string why_unavailable(const Frontend& front, const Explanation& explanation) {
  std::set<std::string> waiting;
  for (const BackendAnswer& each : explanation.backends) {
    if (each.backend.weight > 0) waiting.insert(ir::to_string(each.backend.service));
  }
  if (explanation.backends.empty()) return "the route has no backend left on this port";
  if (waiting.empty()) return "every weight of the split is 0";
  const auto external = std::ranges::find_if(front.resources.services, [&](const auto& service) {
    return service.type == "ExternalName" &&
           waiting.contains(service.meta.ns.value + '/' + service.meta.name.value);
  });
  if (external != front.resources.services.end()) {
    return external->meta.ns.value + '/' + external->meta.name.value +
           " is an ExternalName, which has no endpoints in the mesh";
  }
  return "no endpoint is ready in " + list_of(waiting);
}

// What has an error is in no rule, and so in no near miss.
void add_left_out_targets(const Frontend& front, Explanation& explanation) {
  std::set<std::string> namespaces;
  for (const BackendAnswer& each : explanation.backends) {
    namespaces.insert(each.backend.service.ns);
  }
  for (const resources::LeftOut& object : front.resources.left_out) {
    if (object.kind != "TrafficTarget" || !namespaces.contains(object.ns)) continue;
    explanation.hints.push_back("TrafficTarget " + object.ns + "/" + object.name +
                                " is left out because of an error in it");
  }
}

void add_hints(const Frontend& front, Explanation& explanation) {
  for (const NearMiss& miss : explanation.nearest) explanation.hints.push_back(text_of(miss));
  if (explanation.outcome != Outcome::deny) return;
  add_left_out_targets(front, explanation);
  if (explanation.hints.empty()) {
    explanation.hints.emplace_back("no TrafficTarget comes near: none allows these pods anything");
  }
}

std::vector<std::string> service_names(const Frontend& front) {
  std::set<std::string> names;
  for (const ir::Unit& unit : front.units) names.insert(ir::to_string(unit.service));
  return {names.begin(), names.end()};
}

Explanation unknown_service(const Frontend& front, const Query& query) {
  Explanation explanation;
  const std::string name = ir::to_string(query.to);
  const std::vector<ir::Port> ports = ports_of(front, query.to);
  if (!ports.empty()) {
    std::set<std::string> known;
    for (ir::Port port : ports) known.insert(std::to_string(port));
    explanation.reason = name + " has no port " + std::to_string(query.port);
    explanation.hints.push_back("its ports are " + list_of(known));
    return explanation;
  }
  const model::Service* service = front.mesh.find(query.to);
  if (service != nullptr && !service->meshed) {
    explanation.reason = name + " is not part of the mesh: smic.dev/mesh is \"false\"";
    return explanation;
  }
  explanation.reason =
      service != nullptr ? name + " has no port that can be meshed" : "there is no Service " + name;
  const std::string near = suggest(name, service_names(front));
  if (!near.empty()) explanation.hints.push_back(near);
  return explanation;
}

}  // namespace

contract::Method method_of(const Query& query) {
  return ir::method_from_name(query.method).value_or(contract::Method::kOther);
}

std::string place_of(const ir::Origin& origin) {
  if (origin.file.empty()) return {};  // an option says so
  return origin.file + ':' + std::to_string(origin.line);
}

std::vector<ir::Port> ports_of(const Frontend& front, const ir::ServiceRef& service) {
  std::vector<ir::Port> ports;
  for (const ir::Unit& unit : front.units) {
    if (unit.service == service) ports.push_back(unit.port);
  }
  std::ranges::sort(ports);
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

Result<Explanation> explain(const Frontend& front, const Query& asked, NativeUnits* natives) {
  const ir::Unit* unit = find_unit(front, asked);
  if (unit == nullptr) return unknown_service(front, asked);
  Query query = asked;
  query.headers.emplace_back(ir::kMethodHeader, query.method);

  const ir::Evaluation evaluation = evaluation_of(*unit, query);
  const Answer answer = evaluated_answer(*unit, evaluation);
  Explanation explanation;
  explanation.protocol = unit->protocol;
  explanation.mode = unit->access;
  explanation.policy = unit->policy;
  explanation.route = unit->routes[evaluation.route].origin;
  explanation.backends = look_at_all(front, unit->protocol, answer);
  if (natives != nullptr) {
    const auto native = natives->answer(*unit, query);
    if (!native) return std::unexpected(native.error());
    SMIC_CHECK(with_weight(look_at_all(front, unit->protocol, *native)) ==
                   with_weight(explanation.backends),
               "native code and evaluate disagree about a request");
  }

  explanation.because = targets_that_allow(front, *unit, evaluation, answer.backends);
  explanation.outcome = outcome_of(explanation.backends);
  switch (explanation.outcome) {
    case Outcome::forward:
      explanation.reason = why_forward(explanation);
      break;
    case Outcome::unavailable:
      explanation.reason = why_unavailable(front, explanation);
      break;
    case Outcome::unknown_service:
      break;
    case Outcome::deny:
      explanation.reason = why_denied(query, explanation);
      explanation.nearest = missed_targets(front, *unit, query, explanation.backends);
      break;
  }
  for (NearMiss& miss : missed_splits(*unit, evaluation.route, query)) {
    explanation.nearest.push_back(std::move(miss));
  }
  add_hints(front, explanation);
  if (rule_ir_alone(front)) {
    explanation.hints.push_back(
        "the input is rule IR alone, so every backend counts as ready, and as any destination the "
        "rules name");
  }
  return explanation;
}

}  // namespace smic::cli
