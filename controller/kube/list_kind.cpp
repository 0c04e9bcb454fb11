// SPDX-License-Identifier: Apache-2.0
// Tested by informer_test.cpp.
#include "controller/kube/list_kind.h"

#include <algorithm>
#include <iterator>

namespace smic::kube {
namespace {

// Those that both sides know, the best one first.
ApiResult<std::vector<std::string>> served_versions(Client& client, const WatchedKind& kind) {
  if (!kind.has_crd) return kind.versions;
  const auto group = client.get("/apis/" + kind.group);
  if (!group) return std::unexpected(group.error());
  const auto served = read_group_versions(*group);
  if (!served) return std::unexpected(served.error());
  std::vector<std::string> both;
  for (const std::string& each : kind.versions) {
    if (std::ranges::find(*served, each) != served->end()) both.push_back(each);
  }
  return both;
}

}  // namespace

ApiResult<Listed> list_kind(Client& client, const WatchedKind& kind, std::size_t page) {
  const auto served = served_versions(client, kind);
  if (!served) return std::unexpected(served.error());
  for (const std::string& each : *served) {
    Listed listed{{kind.group, each, kind.plural, kind.only_in, kind.labels}, {}, {}};
    const auto take = [&](std::vector<Object> objects) {
      std::ranges::move(objects, std::back_inserter(listed.objects));
    };
    auto version = client.list(listed.resource, page, shape_of(kind, listed.resource), take);
    if (version) {
      listed.version = std::move(*version);
      return listed;
    }
    if (version.error().fault != Fault::not_found) return std::unexpected(version.error());
  }
  return fault(Fault::not_found, kind.kind + " is not served");
}

Shape shape_of(const WatchedKind& kind, const Resource& resource) {
  return {resource.api_version(), kind.kind, kind.keep};
}

}  // namespace smic::kube
