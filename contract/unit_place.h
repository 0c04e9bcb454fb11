// SPDX-License-Identifier: Apache-2.0
// The order of units in a manifest: by namespace and name of the service (which is not the order of
// "namespace/name" as text), port and protocol.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <string_view>

#include "contract/manifest.h"

namespace smic::contract {

struct UnitPlace {
  std::string_view ns;
  std::string_view name;
  std::uint16_t port = 0;
  Protocol protocol = Protocol::http;

  auto operator<=>(const UnitPlace&) const = default;
};

inline UnitPlace place_of(const Unit& unit) {
  const std::string_view service = unit.service;
  const std::size_t slash = std::min(service.find('/'), service.size());
  return {service.substr(0, slash), service.substr(std::min(slash + 1, service.size())), unit.port,
          unit.protocol};
}

}  // namespace smic::contract
