// SPDX-License-Identifier: Apache-2.0
// What is to be written where, as a value: pure functions on what was read, so that `smic dns plan`
// shows just what apply would do.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/cluster_dns/access.h"
#include "controller/cluster_dns/running.h"
#include "controller/dns/dns_stub.h"

namespace smic::cluster_dns {

// The ConfigMaps that the running DNS reads, as they are.
struct Texts {
  ConfigMap configuration;
  std::map<std::string, ConfigMap> mounted;  // by directory, see PodConfiguration

  // Does our block (or kube-dns members of ours) stand there and speak of this zone?
  bool mention(const std::string& zone) const;
};
Outcome<Texts> read_texts(kube::Client& client, const Running& running);

struct Edit {
  ConfigMap map;  // as it was read
  std::string key;
  std::optional<std::string> before;
  std::optional<std::string> after;  // nothing: the key goes, and the ConfigMap if we made it

  std::string place() const;  // "kube-system/coredns Corefile"
};

struct Plan {
  std::vector<Edit> edits;     // none: all is as it should be
  std::string cluster_domain;  // as the running DNS has it
};

// Taken out where the block does not belong (any more), put in where it does.
Outcome<Plan> plan_to_add(const Running& running, const Texts& texts, const dns_stub::Stub& stub);
Outcome<Plan> plan_to_restore(const Running& running, const Texts& texts);

// For people: a unified diff per place.
std::string difference(const Plan& plan);

}  // namespace smic::cluster_dns
