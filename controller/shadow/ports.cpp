// SPDX-License-Identifier: Apache-2.0
#include "controller/shadow/ports.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace smic::shadow {
namespace {

constexpr std::uint16_t kLowest = 1024;

std::optional<std::uint16_t> number(std::string_view text) {
  std::uint16_t value = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3u;
  return hash ^ hash >> 32;
}

}  // namespace

std::string to_string(const Port& port) {
  return std::to_string(port.number) + (port.transport == Transport::udp ? "/UDP" : "/TCP");
}

Result<PortRange> PortRange::parse(const std::string& text) {
  const std::size_t dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == text.npos ? first : number(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first > *last) return fail("`" + text + "` is no range of ports");
  if (*first < kLowest) return fail("ports below " + std::to_string(kLowest) + " are others'");
  return PortRange{*first, *last};
}

std::string PortRange::to_string() const {
  return std::to_string(first) + '-' + std::to_string(last);
}

PortTable::PortTable(PortRange range, std::vector<Claim> claims) : range_(range) {
  targets_.reserve(claims.size());
  std::ranges::sort(claims, [](const Claim& a, const Claim& b) {
    return std::tie(a.created, a.name) < std::tie(b.created, b.name);
  });
  for (const Claim& claim : claims) {
    for (const auto& [port, target] : claim.targets) {
      if (!range_.contains(target) || !take(port.transport, target)) continue;
      targets_[claim.name][port] = target;
    }
  }
}

const Targets& PortTable::of(const std::string& name) const {
  static const Targets none;
  const auto found = targets_.find(name);
  return found == targets_.end() ? none : found->second;
}

bool PortTable::take(Transport transport, std::uint16_t port) {
  Ports& ports = transport == Transport::tcp ? tcp_ : udp_;
  if (ports.taken[port]) return false;
  ports.taken[port] = true;
  ++ports.count;
  return true;
}

std::optional<std::uint16_t> PortTable::give(const std::string& name, const Port& port,
                                             const Taken& resting) {
  Targets& targets = targets_[name];
  if (const auto known = targets.find(port); known != targets.end()) return known->second;
  if (full(port.transport)) return std::nullopt;
  const std::uint64_t start = fnv1a(name + ':' + shadow::to_string(port));
  std::optional<std::uint16_t> found;
  for (std::size_t step = 0; step < range_.size(); ++step) {
    const auto candidate =
        static_cast<std::uint16_t>(range_.first + (start + step) % range_.size());
    if (ports(port.transport).taken[candidate]) continue;
    if (!found) found = candidate;
    if (resting.contains({port.transport, candidate})) continue;
    found = candidate;
    break;
  }
  take(port.transport, *found);
  targets[port] = *found;
  return found;
}

}  // namespace smic::shadow
