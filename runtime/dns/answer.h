// SPDX-License-Identifier: Apache-2.0
// The question's bytes → the answer's bytes: a pure function, so that it can be tested and fuzzed
// without a socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/dns/resolved.h"
#include "runtime/dns/zones.h"

namespace smic::dns {

enum class Transport { udp, tcp };

// As in Kubernetes' own DNS. An address may change as fast as people can wait.
inline constexpr std::uint32_t kTtl = 5;
// An ExternalName may name another; how many are followed within our zones.
inline constexpr int kMaxAliases = 8;

// An answer that leads out of our zones, by the alias of an ExternalName. First `wanted` is filled:
// who has somebody to ask puts into `resolved` what was said, and has the question answered again.
struct Abroad {
  std::optional<Outside> wanted;
  std::optional<Resolved> resolved;  // of `wanted`
};

// Empty: nothing is to be sent. Without `abroad` an alias that leads out of our zones is the whole
// answer. `zones` is null before the first manifest: SERVFAIL, so that who
// asks tries another node, or goes on with what it knows (serve_stale).
std::string answer(const Zones* zones, std::string_view query, Transport transport,
                   Abroad* abroad = nullptr);

}  // namespace smic::dns
