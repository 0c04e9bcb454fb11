// SPDX-License-Identifier: Apache-2.0
// Kubernetes and SMI objects as YAML documents of one line, so that a test shows what it is about
// and not what every manifest has. Names are "namespace/name"; the other arguments are YAML.
//
//   service("shop/web", "{port: 80}") + split("shop/canary", "web", "{service: web-v1, weight: 9}")
#pragma once

#include <string>
#include <string_view>

namespace smic::test {

// One document of any kind: `spec` is what stands beside metadata, such as "spec: {…}".
std::string object(std::string_view api_version, std::string_view kind, std::string_view name,
                   std::string_view rest = {}, std::string_view metadata = {});

// `ports` without the list's brackets; the selector is {app: NAME}.
std::string service(std::string_view name, std::string_view ports, std::string_view metadata = {});

// A running pod that is ready, with that service account, address and label app.
std::string pod(std::string_view name, std::string_view account, std::string_view address,
                std::string_view app, std::string_view spec = {});

// `endpoints` and `ports` without the lists' brackets.
std::string slice(std::string_view service, std::string_view endpoints, std::string_view ports);

std::string group(std::string_view name, std::string_view matches);
std::string tcp_route(std::string_view name, std::string_view ports);
std::string udp_route(std::string_view name, std::string_view ports);

// `sources` are service accounts of the target's namespace, such as "web, admin".
std::string target(std::string_view name, std::string_view destination, std::string_view sources,
                   std::string_view rules);

std::string split(std::string_view name, std::string_view root, std::string_view backends,
                  std::string_view more = {}, std::string_view metadata = {});

}  // namespace smic::test
