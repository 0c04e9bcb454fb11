// SPDX-License-Identifier: Apache-2.0
// Tested by status_api_test.cpp and tests/system/rights_test.py.
#include "controller/distribution/status_api.h"

#include "controller/api/json_slices.h"

namespace smic::distribution {
namespace {

constexpr std::string_view kGroup =
    R"({"kind":"APIGroup","apiVersion":"v1","name":"smic.dev","versions":[{"groupVersion":)"
    R"("smic.dev/v1alpha1","version":"v1alpha1"}],"preferredVersion":{"groupVersion":)"
    R"("smic.dev/v1alpha1","version":"v1alpha1"}})";
constexpr std::string_view kResources =
    R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":"smic.dev/v1alpha1",)"
    R"("resources":[{"name":"enforcement","singularName":"enforcement","namespaced":false,)"
    R"("kind":"Enforcement","verbs":["list"]}]})";

// A list, as clients of the Kubernetes API expect one; what `smic status` reads comes beside it.
std::string listed(const Status& status) {
  std::string items;
  for (const NodeStatus& node : status.nodes) {
    items +=
        (items.empty() ? "" : ",") +
        (R"({"kind":"Enforcement","apiVersion":"smic.dev/v1alpha1","metadata":{"name":)" +
         api::json_quoted(node.node) + R"(},"current":)" + (node.current ? "true" : "false") + "}");
  }
  return R"({"kind":"EnforcementList","apiVersion":"smic.dev/v1alpha1","metadata":{},"items":[)" +
         items + "]," + to_json(status).substr(1);
}

api::Response document(std::string text) {
  return {200, "application/json", std::move(text) + "\n", {}};
}

}  // namespace

api::Route status_api(api::Handler handle) {
  api::Route route;
  route.path = kStatusApi;
  route.below = true;
  route.handle = std::move(handle);
  return route;
}

api::Response answer_status_api(const Hub& hub, const api::Request& request) {
  std::string_view path = request.path;
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path == kStatusApi) return document(std::string(kGroup));
  if (path == "/apis/smic.dev/v1alpha1") return document(std::string(kResources));
  if (path != kEnforcement) return api::status_response(404, "NotFound", "there is no such thing");
  return {200, "application/json", listed(hub.status()), {}};
}

}  // namespace smic::distribution
