// SPDX-License-Identifier: Apache-2.0
// IP addresses and ranges of them, as bytes: for who reckons with addresses and opens no socket.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace smic {

enum class IpFamily : std::uint8_t { v4, v6 };

struct IpAddress {
  IpFamily family = IpFamily::v4;
  std::array<std::uint8_t, 16> bytes{};  // in the order of the wire; of IPv4 the first four

  static std::optional<IpAddress> parse(std::string_view text);  // literals only
  std::string to_string() const;
  std::size_t bits() const { return family == IpFamily::v4 ? 32 : 128; }
  auto operator<=>(const IpAddress&) const = default;
};

// "240.0.0.0/7", "fd73:6d69:6300::/48": the addresses whose first bits are these.
struct IpRange {
  IpAddress first;  // every bit after the prefix is 0
  std::size_t prefix = 0;

  static Result<IpRange> parse(std::string_view text);
  std::string to_string() const;
  bool contains(const IpAddress& address) const;
  bool overlaps(const IpRange& other) const {
    return contains(other.first) || other.contains(first);
  }
  std::size_t host_bits() const { return first.bits() - prefix; }
  bool operator==(const IpRange&) const = default;
};

// Where DNS looks up names of the range's addresses: "240.in-addr.arpa" and "241.in-addr.arpa".
// Several where the prefix ends inside a label.
std::vector<std::string> reverse_zones_of(const IpRange& range);

}  // namespace smic
