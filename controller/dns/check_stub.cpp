// SPDX-License-Identifier: Apache-2.0
// What comes from people goes into a configuration as text, so it must be a name or an address and
// nothing else: a zone called "a {\n" would be a block of its own. Tested by
// edit_corefile_test.cpp.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "controller/dns/dns_stub.h"

namespace smic::dns_stub {
namespace {

constexpr std::size_t kMaxZones = 1000;
constexpr std::size_t kMaxResponders = 15;  // of CoreDNS's forward

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                  letter == '-' || letter == '_';
         });
}

bool is_zone(std::string_view zone) {
  if (zone.size() > 253) return false;
  while (true) {
    const std::size_t dot = zone.find('.');
    if (!is_label(zone.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    zone.remove_prefix(dot + 1);
  }
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

bool is_responder(const std::string& text) {
  in6_addr address;
  if (inet_pton(AF_INET, text.c_str(), &address) == 1) return true;
  if (inet_pton(AF_INET6, text.c_str(), &address) == 1) return true;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || !is_port(std::string_view(text).substr(colon + 1)))
    return false;
  const std::string host = text.substr(0, colon);
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return true;
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) == 1;
}

}  // namespace

std::optional<std::string> check(const Stub& stub) {
  if (stub.zones.empty()) return "there is no zone to forward";
  if (stub.zones.size() > kMaxZones) return "more than " + std::to_string(kMaxZones) + " zones";
  for (const std::string& zone : stub.zones) {
    if (!is_zone(zone))
      return "`" + zone + "` is no zone: write it in lower case, without a final dot";
    if (std::ranges::count(stub.zones, zone) > 1) return "the zone `" + zone + "` is there twice";
  }
  if (stub.responders.empty()) return "there is no responder to forward to";
  if (stub.responders.size() > kMaxResponders) {
    return "more than " + std::to_string(kMaxResponders) + " responders";
  }
  for (const std::string& responder : stub.responders) {
    if (!is_responder(responder))
      return "`" + responder + "` is no IP address, with or without a port";
  }
  return std::nullopt;
}

}  // namespace smic::dns_stub
