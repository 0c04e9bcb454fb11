// SPDX-License-Identifier: Apache-2.0
// All objects of a watched kind at once, in the best version that both sides know.
#pragma once

#include <string>
#include <vector>

#include "controller/kube/client.h"
#include "controller/kube/watched_kinds.h"

namespace smic::kube {

struct Listed {
  Resource resource;    // in the version that is served
  std::string version;  // resourceVersion: a watch goes on from here
  std::vector<Object> objects;
};

// `not_found`: the kind is not served, as one without its CRD.
ApiResult<Listed> list_kind(Client& client, const WatchedKind& kind, std::size_t page);

Shape shape_of(const WatchedKind& kind, const Resource& resource);

}  // namespace smic::kube
