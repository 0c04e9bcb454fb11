// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/traffic/measure_test.cpp.
#include "controller/traffic/measure.h"

#include <algorithm>

namespace smic::traffic {
namespace {

// A pod's objects, looked up once for a question.
class Belongings {
 public:
  Belongings(const Pods& pods, const std::string& kind) : pods_(pods), kind_(kind) {}

  const std::vector<ObjectName>& of(const std::string& pod) {
    const auto [found, is_new] = known_.try_emplace(pod);
    if (is_new) found->second = pods_.objects_of(pod, kind_);
    return found->second;
  }

 private:
  const Pods& pods_;
  const std::string& kind_;
  std::map<std::string, std::vector<ObjectName>> known_;
};

bool has(const std::vector<ObjectName>& objects, const ObjectName& object) {
  return std::ranges::find(objects, object) != objects.end();
}

}  // namespace

std::map<ObjectName, Counts> received(const Window& window, const Pods& pods,
                                      const std::string& kind, Time since) {
  Belongings belongings(pods, kind);
  std::map<ObjectName, Counts> sums;
  window.each(since, [&](const contract::EdgeNames& names, const Counts& counts) {
    for (const ObjectName& object : belongings.of(names.destination)) add(sums[object], counts);
  });
  return sums;
}

std::map<Edge, Counts> edges_of(const Window& window, const Pods& pods, const std::string& kind,
                                const ObjectName& object, Time since) {
  Belongings belongings(pods, kind);
  std::map<Edge, Counts> sums;
  window.each(since, [&](const contract::EdgeNames& names, const Counts& counts) {
    const auto& sources = belongings.of(names.source);
    const auto& destinations = belongings.of(names.destination);
    if (has(sources, object)) {
      for (const ObjectName& peer : destinations) add(sums[{true, peer}], counts);
    }
    if (has(destinations, object)) {
      for (const ObjectName& peer : sources) add(sums[{false, peer}], counts);
    }
  });
  return sums;
}

std::map<std::string, Counts> backends_of(const Window& window, const ObjectName& split,
                                          Time since) {
  const std::string wanted = split.ns + '/' + split.name;
  std::map<std::string, Counts> sums;
  window.each(since, [&](const contract::EdgeNames& names, const Counts& counts) {
    if (names.split != wanted) return;
    add(sums[names.backend.substr(names.backend.find('/') + 1)], counts);
  });
  return sums;
}

}  // namespace smic::traffic
