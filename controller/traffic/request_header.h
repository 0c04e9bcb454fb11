// SPDX-License-Identifier: Apache-2.0
// By which certificates the API server is known when it asks on a user's behalf: what it publishes
// itself, in ConfigMap kube-system/extension-apiserver-authentication.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smic::traffic {

struct RequestHeader {
  std::string authorities;           // PEM; empty = the API server publishes none
  std::vector<std::string> allowed;  // common names; empty = any
};

inline constexpr const char* kRequestHeaderConfigMap =
    "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";

Result<RequestHeader> read_request_header(std::string_view config_map);

}  // namespace smic::traffic
