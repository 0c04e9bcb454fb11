// SPDX-License-Identifier: Apache-2.0
// Where the objects of a kind live in the API.
#pragma once

#include <string>
#include <string_view>

namespace smic::kube {

struct Resource {
  std::string group;  // empty = the core group
  std::string version;
  std::string plural;
  // What list and watch are to be of; empty: all.
  std::string only_in{};  // a namespace
  std::string labels{};   // a label selector

  std::string api_version() const { return group.empty() ? version : group + '/' + version; }
  // The path of all of them, or of those of a namespace, or of one. Empty `ns`: not namespaced.
  std::string collection(std::string_view ns = {}) const;
  std::string object(std::string_view ns, std::string_view name) const;
};

// For the value of a query parameter.
std::string percent_encoded(std::string_view text);

}  // namespace smic::kube
