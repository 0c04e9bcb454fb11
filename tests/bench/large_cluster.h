// SPDX-License-Identifier: Apache-2.0
// A cluster of ten thousand Services and a hundred thousand endpoints, as the API would tell it: a
// namespace of a hundred Services each, a pod of its own account behind every endpoint, every fifth
// Service a root that splits between two others, with conditions on paths; a TrafficTarget each.
#pragma once

#include <functional>
#include <string>

#include "controller/kube/objects.h"

namespace smic::bench {

class LargeCluster {
 public:
  LargeCluster(std::size_t services, std::size_t endpoints, std::size_t nodes)
      : services_(services), pods_(endpoints / services), nodes_(nodes) {}

  // put(kind, object), all of them.
  using Put = std::function<void(const std::string& kind, kube::Object object)>;
  void tell(const Put& put) const;

  std::size_t services() const { return services_; }
  std::size_t roots() const { return services_ / 5; }

  // One object each, in the `turn`th version of it.
  kube::Object split(std::size_t root, std::size_t turn) const;      // other weights
  kube::Object group(std::size_t root, std::size_t turn) const;      // another path
  kube::Object slice(std::size_t service, std::size_t turn) const;   // a pod ready or not
  kube::Object target(std::size_t service, std::size_t turn) const;  // another caller

 private:
  kube::Object service(std::size_t number) const;
  kube::Object pod(std::size_t service, std::size_t number) const;

  std::size_t services_;
  std::size_t pods_;  // of a service
  std::size_t nodes_;
};

}  // namespace smic::bench
