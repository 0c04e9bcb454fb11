// SPDX-License-Identifier: Apache-2.0
// What pods belong to. Filled by informers of the Kubernetes API; a pod that is gone is remembered
// for as long as its traffic is.
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "controller/kube/store.h"
#include "controller/kube/watched_kinds.h"
#include "controller/traffic/window.h"

namespace smic::traffic {

// Kinds whose metrics are served, "Deployment".
struct ObjectName {
  std::string ns;  // empty = not namespaced
  std::string name;

  auto operator<=>(const ObjectName&) const = default;
};

struct Pod {
  std::map<std::string, std::string> labels;
  std::string node;
  std::string owner_kind;  // its controller's
  std::string owner;
  std::string address;
  std::uint16_t admin_port = 0;  // of a proxy
};

struct SplitWeights {
  std::string apex;
  std::vector<std::pair<std::string, std::uint64_t>> backends;  // as listed: service, weight
};

// The kinds it wants to be told about.
std::vector<kube::WatchedKind> kinds_of_pods();

class Pods final : public kube::Sink {
 public:
  bool replace(const std::string& kind, std::vector<kube::Object> objects) override;
  void put(const std::string& kind, kube::Object object) override;
  void remove(const std::string& kind, const kube::Object& object) override;

  // The objects of this kind that `pod` ("namespace/name") is part of.
  std::vector<ObjectName> objects_of(const std::string& pod, const std::string& kind) const;
  std::optional<SplitWeights> split(const ObjectName& name) const;
  // Addresses of running pods with this label in a namespace: "ADDRESS:PORT".
  std::vector<std::string> proxies(const std::string& ns) const;

 private:
  struct Kept {
    Pod pod;
    std::optional<Time> gone;
  };

  std::vector<ObjectName> owners_of(const ObjectName& name, const Pod& pod,
                                    const std::string& kind) const;
  void put_locked(const std::string& kind, const kube::Object& object);
  void forget_locked();

  mutable std::mutex mutex_;
  std::map<ObjectName, Kept> pods_;
  std::map<ObjectName, std::map<std::string, std::string>> selectors_;  // of Services
  std::map<ObjectName, SplitWeights> splits_;
};

}  // namespace smic::traffic
