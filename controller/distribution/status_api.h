// SPDX-License-Identifier: Apache-2.0
// What every node enforces, as an API of the cluster's own: `smic.dev/v1alpha1`, resource
// `enforcement`, which can be listed. Whoever has a kubeconfig can ask it through the API server,
// without a way to the controller, its authority, or a token for it; who may is said by RBAC. Any
// replica can answer, since each knows of the others' nodes.
#pragma once

#include <string_view>

#include "controller/distribution/hub.h"

namespace smic::distribution {

inline constexpr std::string_view kStatusApi = "/apis/smic.dev";
inline constexpr std::string_view kEnforcement = "/apis/smic.dev/v1alpha1/enforcement";

// `handle`: answers the API server alone.
api::Route status_api(api::Handler handle);

api::Response answer_status_api(const Hub& hub, const api::Request& request);

}  // namespace smic::distribution
