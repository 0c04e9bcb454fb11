// SPDX-License-Identifier: Apache-2.0
#include "runtime/steer/claim.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

namespace smic::steer {
namespace {

// Closed: somebody else holds it.
Descriptor hold(std::uint32_t metric) {
  Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::string name = "smic/steering/" + std::to_string(metric);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // begins with 0: abstract
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return {};
  return socket;
}

}  // namespace

Result<Claim> claim_a_metric() {
  for (std::uint32_t metric = 1; metric <= kMostClaims; ++metric) {
    if (Descriptor holder = hold(metric); holder.open()) return Claim{std::move(holder), metric};
  }
  return fail(std::to_string(kMostClaims) + " other proxies steer in this network namespace");
}

bool claimed(std::uint32_t metric) { return !hold(metric).open(); }

}  // namespace smic::steer
