// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/base/ip_test.cpp.
#include "base/ip.h"

#include <arpa/inet.h>

#include <charconv>

namespace smic {
namespace {

bool bit_of(const IpAddress& address, std::size_t index) {
  return (address.bytes[index / 8] >> (7 - index % 8) & 1) != 0;
}

// The bits of one label of a reverse zone: an octet of IPv4, a hexadecimal digit of IPv6.
std::size_t label_bits(const IpAddress& address) { return address.family == IpFamily::v4 ? 8 : 4; }

std::string label(const IpAddress& address, std::size_t index) {
  if (address.family == IpFamily::v4) return std::to_string(address.bytes[index]);
  const unsigned digit = address.bytes[index / 2] >> (index % 2 == 0 ? 4 : 0) & 0xf;
  return std::string(1, "0123456789abcdef"[digit]);
}

// Of the first `labels` labels of `address`.
std::string reverse_zone(const IpAddress& address, std::size_t labels) {
  std::string zone;
  for (std::size_t i = labels; i-- > 0;) zone += label(address, i) + ".";
  return zone + (address.family == IpFamily::v4 ? "in-addr.arpa" : "ip6.arpa");
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
  address = {IpFamily::v6, {}};
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family == IpFamily::v4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

Result<IpRange> IpRange::parse(std::string_view text) {
  const std::string quoted = "`" + std::string(text) + "`";
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (slash == std::string_view::npos || !address) {
    return fail(quoted + " is not a range of addresses like 240.0.0.0/7");
  }
  IpRange range{*address, 0};
  const std::string_view digits = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), range.prefix);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      range.prefix > address->bits()) {
    return fail("`" + std::string(digits) + "` in " + quoted + " is not the length of a prefix");
  }
  for (std::size_t i = range.prefix; i < address->bits(); ++i) {
    if (bit_of(*address, i)) return fail(quoted + " has bits after its prefix");
  }
  return range;
}

std::string IpRange::to_string() const { return first.to_string() + "/" + std::to_string(prefix); }

bool IpRange::contains(const IpAddress& address) const {
  if (address.family != first.family) return false;
  for (std::size_t i = 0; i < prefix; i += 8) {
    const unsigned differing = address.bytes[i / 8] ^ first.bytes[i / 8];
    if (differing >> (prefix - i < 8 ? 8 - (prefix - i) : 0) != 0) return false;
  }
  return true;
}

std::vector<std::string> reverse_zones_of(const IpRange& range) {
  const std::size_t bits = label_bits(range.first);
  const std::size_t labels = (range.prefix + bits - 1) / bits;
  const std::size_t count = std::size_t{1} << (labels * bits - range.prefix);
  std::vector<std::string> zones;
  IpAddress address = range.first;
  for (std::size_t i = 0; i < count; ++i) {
    zones.push_back(reverse_zone(address, labels));
    if (labels > 0) {  // the next value of the last label
      const std::size_t last = labels - 1;
      const bool high_digit = bits == 4 && last % 2 == 0;
      address.bytes[last * bits / 8] += high_digit ? 0x10 : 1;
    }
  }
  return zones;
}

}  // namespace smic
