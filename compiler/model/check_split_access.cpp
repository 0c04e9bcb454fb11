// SPDX-License-Identifier: Apache-2.0
// Access is decided at the pod that a split chose (D-21), so a caller that only some backends
// accept is denied now and then, in proportion to the weights: hard to find at run time, easy to
// see here. Compared are the callers that each backend's pods accept at all; what rules say about
// paths and ports may still differ.
#include <algorithm>
#include <set>

#include "compiler/model/stages.h"

namespace smic::model {
namespace {

class Callers {
 public:
  explicit Callers(const Mesh& mesh) : mesh_(mesh) {}

  // Callers of any pod behind a service, sorted. Absent: who is behind it is not known.
  const std::optional<std::vector<Identity>>& of(ServiceId id) {
    const auto [known, is_new] = known_.try_emplace(id);
    if (!is_new) return known->second;
    std::set<Identity> destinations;
    for (const Endpoint& endpoint : mesh_.services[id.value].endpoints) {
      if (endpoint.identity) destinations.insert(*endpoint.identity);
    }
    if (destinations.empty()) return known->second;
    std::set<Identity> callers;
    for (const Identity& destination : destinations) {
      for (const Access& access : mesh_.access_to(destination)) {
        callers.insert(access.sources.begin(), access.sources.end());
      }
    }
    known->second.emplace(callers.begin(), callers.end());
    return known->second;
  }

 private:
  const Mesh& mesh_;
  std::unordered_map<ServiceId, std::optional<std::vector<Identity>>> known_;
};

// The first caller in only one of the two lists.
std::optional<Identity> only_in_one(const std::vector<Identity>& a,
                                    const std::vector<Identity>& b) {
  std::vector<Identity> different;
  std::ranges::set_symmetric_difference(a, b, std::back_inserter(different));
  if (different.empty()) return std::nullopt;
  return different.front();
}

}  // namespace

void check_split_access(const Mesh& mesh, Diagnostics& diagnostics) {
  Callers callers(mesh);
  for (const Split& split : mesh.splits) {
    if (mesh.services[split.root.value].access == ir::AccessMode::permissive) continue;
    const Backend* first = nullptr;
    for (const Backend& backend : split.backends) {
      if (backend.weight == 0 || !callers.of(backend.service)) continue;
      if (first == nullptr) first = &backend;
      const auto caller = only_in_one(*callers.of(first->service), *callers.of(backend.service));
      if (!caller) continue;
      const bool first_accepts = std::ranges::binary_search(*callers.of(first->service), *caller);
      const auto name = [&](const Backend& b) { return mesh.services[b.service.value].ref.name; };
      diagnostics.report("W13", split.span,
                         "`" + ir::to_string(*caller) + "` may call backend `" +
                             name(first_accepts ? *first : backend) + "` but not `" +
                             name(first_accepts ? backend : *first) +
                             "`, so part of its requests will be denied",
                         "allow it to the service accounts of both, or of neither");
      break;
    }
  }
}

}  // namespace smic::model
