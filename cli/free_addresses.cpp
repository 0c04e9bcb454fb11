// SPDX-License-Identifier: Apache-2.0
#include "cli/free_addresses.h"

#include "runtime/net/listeners.h"

namespace smic::cli {
namespace {

using net::Listeners;

std::string advice(const std::string& reason, const net::SocketAddress& address, bool udp) {
  if (reason.ends_with("Permission denied")) return ": ports below 1024 need root";
  if (!reason.ends_with("Address already in use")) return {};
  return ": is another `smic up` running, or a server on all addresses? `ss -ln" +
         std::string(udp ? "u" : "t") + "p 'sport = " + std::to_string(address.port()) +
         "'` shows who has " + address.ip();
}

}  // namespace

Result<void> check_free(const contract::Manifest& wanted) {
  for (const contract::Unit& unit : wanted.units) {
    const bool udp = unit.protocol == contract::Protocol::udp;
    const auto kind = udp ? Listeners::Kind::datagrams : Listeners::Kind::connections;
    for (const std::string& text : unit.listen_addresses) {
      const auto address = net::SocketAddress::parse(text, unit.listen_port);
      if (!address) return std::unexpected(address.error());
      const auto free = net::nobody_on(*address, kind);
      if (!free) return fail(free.error().message + advice(free.error().message, *address, udp));
    }
  }
  return {};
}

}  // namespace smic::cli
