// SPDX-License-Identifier: Apache-2.0
#include "controller/traffic/metrics_api.h"

namespace smic::traffic {
namespace {

constexpr int kPage = 500;

kube::Resource resource_of(const MeasuredResource& resource) {
  return {std::string(resource.group), std::string(resource.version), std::string(resource.plural)};
}

class ClusterObjects final : public Objects {
 public:
  explicit ClusterObjects(kube::Client& client) : client_(client) {}

  Result<std::vector<ObjectName>> list(const MeasuredResource& resource, const std::string& ns,
                                       const std::string& selector) override {
    const kube::Shape shape{
        std::string(resource.version), std::string(resource.kind), {"metadata.name"}};
    std::string target = resource_of(resource).collection(ns) + "?limit=" + std::to_string(kPage);
    if (!selector.empty()) target += "&labelSelector=" + kube::percent_encoded(selector);
    std::vector<ObjectName> names;
    for (std::string next;;) {
      const auto text =
          client_.get(next.empty() ? target : target + "&continue=" + kube::percent_encoded(next));
      if (!text) return fail(text.error().told());
      auto page = kube::read_page(*text, shape);
      if (!page) return fail(page.error().told());
      for (const kube::Object& object : page->objects) names.push_back({object.ns, object.name});
      next = std::move(page->next);
      if (next.empty()) return names;
    }
  }

  Result<bool> exists(const MeasuredResource& resource, const ObjectName& name) override {
    const auto text = client_.get(resource_of(resource).object(name.ns, name.name));
    if (text) return true;
    if (text.error().fault == kube::Fault::not_found) return false;
    return fail(text.error().told());
  }

 private:
  kube::Client& client_;
};

}  // namespace

std::unique_ptr<Objects> objects_of_cluster(kube::Client& client) {
  return std::make_unique<ClusterObjects>(client);
}

}  // namespace smic::traffic
