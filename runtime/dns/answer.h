// SPDX-License-Identifier: Apache-2.0
// The question's bytes → the answer's bytes: a pure function, so that it can be tested and fuzzed
// without a socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/dns/zones.h"

namespace smic::dns {

enum class Transport { udp, tcp };

// As in Kubernetes' own DNS. An address may change as fast as people can wait.
inline constexpr std::uint32_t kTtl = 5;
// An ExternalName may name another; how many are followed within our zones.
inline constexpr int kMaxAliases = 8;

// Empty: nothing is to be sent. `zones` is null before the first manifest: SERVFAIL, so that who
// asks tries another node, or goes on with what it knows (serve_stale).
std::string answer(const Zones* zones, std::string_view query, Transport transport);

}  // namespace smic::dns
