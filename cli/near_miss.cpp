// SPDX-License-Identifier: Apache-2.0
// A denied request is held against every TrafficTarget for the pods in question, not only against
// what lowering put into the unit: a rule for another port or protocol is no part of the unit, and
// yet it is the very rule that its author meant. Nearest is the rule with the fewest differences;
// of equal ones, first those that name the caller, then in the order of names.
//
// Tested by tests/unit/cli/near_miss_test.cpp.
#include "cli/near_miss.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>

namespace smic::cli {
namespace {

using Part = Difference::Part;
constexpr std::size_t kMostCallersShown = 8;

using PodPorts = std::map<ir::Identity, std::set<ir::Port>>;  // of the pods in question

template <class Items, class Text>
std::string joined(const Items& items, std::string_view between, Text text) {
  std::string all;
  for (const auto& item : items) all += (all.empty() ? "" : std::string(between)) + text(item);
  return all;
}

std::string protocol_text(ir::Protocol protocol) {
  return protocol == ir::Protocol::http ? "HTTP" : protocol == ir::Protocol::tcp ? "TCP" : "UDP";
}

PodPorts pods_in_question(const Frontend& front, const ir::Unit& unit,
                          const std::vector<BackendAnswer>& backends) {
  PodPorts pods;
  for (const BackendAnswer& backend : backends) {
    const model::Service* service = front.mesh.find(backend.backend.service);
    if (!backend.usable() || service == nullptr) continue;
    for (const model::Endpoint& endpoint : service->endpoints) {
      const auto port = service->target_port(endpoint, backend.backend.port, unit.protocol);
      if (port && endpoint.identity) pods[*endpoint.identity].insert(*port);
    }
  }
  return pods;
}

class Comparison {  // of one request with rules
 public:
  Comparison(ir::Protocol protocol, const Query& query) : protocol_(protocol), query_(query) {}

  void source(const std::vector<ir::Identity>& allowed, NearMiss& miss) {
    if (std::ranges::find(allowed, query_.from) != allowed.end()) return;
    const std::size_t shown = std::min(allowed.size(), kMostCallersShown);
    std::string all = joined(std::span(allowed).first(shown), ", ",
                             [](const ir::Identity& id) { return ir::to_string(id); });
    if (shown < allowed.size()) all += " or " + std::to_string(allowed.size() - shown) + " others";
    miss.differ.push_back({Part::source, {}, ir::to_string(query_.from), std::move(all)});
  }

  void ports(const std::optional<std::vector<ir::Port>>& allowed, const std::set<ir::Port>& pods,
             NearMiss& miss) {
    const auto opens = [&](ir::Port port) {
      return std::ranges::find(*allowed, port) != allowed->end();
    };
    if (!allowed || std::ranges::any_of(pods, opens)) return;
    const auto number = [](ir::Port port) { return std::to_string(port); };
    if (allowed->empty()) return miss.differ.push_back({Part::nothing, {}, std::nullopt, {}});
    miss.differ.push_back(
        {Part::port, {}, joined(pods, " or ", number), joined(*allowed, " or ", number)});
  }

  void protocol(ir::Protocol needed, NearMiss& miss) {
    miss.differ.push_back({Part::protocol, {}, protocol_text(protocol_), protocol_text(needed)});
  }

  void request(const std::vector<const ir::Match*>& matches, NearMiss& miss) {
    Nearest nearest = nearest_match(matches, query_, judge_);
    std::ranges::move(nearest.differ, std::back_inserter(miss.differ));
    miss.match = std::move(nearest.match);
  }

 private:
  ir::Protocol protocol_;
  const Query& query_;
  AutomataJudge judge_;
};

NearMiss compared(const Frontend& front, const model::Access& access, ir::Protocol protocol,
                  const std::set<ir::Port>& pods, Comparison& comparison) {
  NearMiss miss{access.origin, std::nullopt, {}};
  comparison.source(access.sources, miss);
  if (protocol == ir::Protocol::udp) {
    if (!access.udp) {
      comparison.protocol(ir::Protocol::tcp, miss);
    } else {
      comparison.ports(access.udp->ports, pods, miss);
    }
    return miss;
  }
  if (!access.tcp) {
    comparison.protocol(ir::Protocol::udp, miss);
    return miss;
  }
  comparison.ports(access.tcp->ports, pods, miss);
  if (!access.tcp->http_matches) return miss;
  if (protocol != ir::Protocol::http) {
    comparison.protocol(ir::Protocol::http, miss);
    return miss;
  }
  std::vector<const ir::Match*> matches;
  for (model::MatchId id : *access.tcp->http_matches) {
    matches.push_back(&front.mesh.matches[id.value]);
  }
  comparison.request(matches, miss);
  return miss;
}

std::vector<const ir::Match*> matches_of(const ir::Unit& unit, const ir::Condition& condition) {
  std::vector<const ir::Match*> matches;
  if (const auto* any = std::get_if<ir::AnyOf>(&condition)) {
    for (ir::MatchId id : any->matches) matches.push_back(&unit.matches.at(id.value));
  }
  return matches;
}

// Rule IR alone names no pods: every rule of the unit is about those in question.
std::vector<NearMiss> missed_allows(const ir::Unit& unit, Comparison& comparison) {
  std::vector<NearMiss> misses;
  for (const ir::Allow& allow : unit.allows) {
    NearMiss miss{allow.origin, std::nullopt, {}};
    if (const auto* id = std::get_if<ir::SourceSetId>(&allow.from)) {
      const auto& members = unit.sources.at(id->value).members;
      comparison.source({members.begin(), members.end()}, miss);
    }
    if (!std::holds_alternative<ir::Always>(allow.when)) {
      comparison.request(matches_of(unit, allow.when), miss);
    }
    misses.push_back(std::move(miss));
  }
  return misses;
}

std::vector<NearMiss> nearest_of(std::vector<NearMiss> misses) {
  const auto order = [](const NearMiss& miss) {
    const bool source = !miss.differ.empty() && miss.differ.front().part == Part::source;
    return std::pair(miss.differ.size(), source);
  };
  std::erase_if(misses, [](const NearMiss& miss) { return miss.differ.empty(); });
  std::ranges::stable_sort(
      misses, [&](const NearMiss& a, const NearMiss& b) { return order(a) < order(b); });
  // A target whose destination stands for several accounts is one rule.
  misses.erase(std::unique(misses.begin(), misses.end()), misses.end());
  if (misses.size() > kMostNearMisses) misses.resize(kMostNearMisses);
  return misses;
}

std::string text_of(const Difference& difference) {
  const std::string is = difference.is ? ", not " + *difference.is : "";
  switch (difference.part) {
    case Part::source:
      return difference.must_be.empty() ? "no caller is: its sources match no pod"
                                        : "the caller would have to be " + difference.must_be;
    case Part::protocol:
      return "it would have to be " + difference.must_be + is;
    case Part::port:
      return "the pods' port would have to be " + difference.must_be + is;
    case Part::method:
      return "the method would have to be " + difference.must_be;
    case Part::path:
      return "the path would have to match `" + difference.must_be + '`';
    case Part::header:
      return "the header `" + difference.name + "` would have to match `" + difference.must_be +
             '`' + (difference.is ? "" : ", and there is none");
    case Part::nothing:
      return "its rules allow nothing";
  }
  return {};
}

}  // namespace

std::vector<NearMiss> missed_targets(const Frontend& front, const ir::Unit& unit,
                                     const Query& query,
                                     const std::vector<BackendAnswer>& backends) {
  Comparison comparison(unit.protocol, query);
  if (front.mesh.services.empty()) return nearest_of(missed_allows(unit, comparison));
  std::vector<NearMiss> misses;
  for (const auto& [identity, ports] : pods_in_question(front, unit, backends)) {
    for (const model::Access& access : front.mesh.access_to(identity)) {
      misses.push_back(compared(front, access, unit.protocol, ports, comparison));
    }
  }
  return nearest_of(std::move(misses));
}

std::vector<NearMiss> missed_splits(const ir::Unit& unit, std::size_t route, const Query& query) {
  Comparison comparison(unit.protocol, query);
  std::vector<NearMiss> misses;
  for (std::size_t i = 0; i < route && misses.size() < kMostNearMisses; ++i) {
    NearMiss miss{unit.routes[i].origin, std::nullopt, {}};
    comparison.request(matches_of(unit, unit.routes[i].when), miss);
    misses.push_back(std::move(miss));
  }
  return misses;
}

std::string text_of(const NearMiss& miss) {
  const std::string rule = miss.rule.resource + " (" + place_of(miss.rule) + ')';
  const auto all = [](const auto& differ) {
    return joined(differ, ", and ", [](const Difference& each) { return text_of(each); });
  };
  if (miss.rule.resource.starts_with("TrafficSplit")) {
    return rule + " passed it on: " + all(miss.differ);
  }
  if (miss.differ.front().part != Part::source) {
    return rule + " names this caller, but " + all(miss.differ);
  }
  if (miss.differ.size() == 1 && !miss.differ.front().must_be.empty()) {
    return rule + " allows this from " + miss.differ.front().must_be;
  }
  return rule + " is for others, and " + all(miss.differ);
}

}  // namespace smic::cli
