// SPDX-License-Identifier: Apache-2.0
#include "cli/free_addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <tuple>

namespace smic::cli {
namespace {

using Place = std::tuple<std::string, std::uint16_t, int>;  // address, port, socket type

std::set<Place> places_of(const contract::Manifest& manifest) {
  std::set<Place> places;
  for (const contract::Unit& unit : manifest.units) {
    const bool udp = unit.protocol == contract::Protocol::udp;
    places.emplace(unit.listen_address, unit.listen_port, udp ? SOCK_DGRAM : SOCK_STREAM);
  }
  return places;
}

std::string advice(int error, const std::string& address, std::uint16_t port) {
  if (error == EACCES) return "ports below 1024 need root";
  if (error != EADDRINUSE) return std::strerror(error);
  return "it is in use: is another `smic up` running, or a server on all addresses? "
         "`ss -ltnp 'sport = " +
         std::to_string(port) + "'` shows who has " + address;
}

// Binds as nobody who shares would, and lets go at once.
Result<void> probe(const std::string& address, std::uint16_t port, int type) {
  sockaddr_in wanted{};
  wanted.sin_family = AF_INET;
  wanted.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &wanted.sin_addr) != 1) return {};
  const int probe = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (probe < 0) return fail(std::string("socket: ") + std::strerror(errno));
  const int on = 1;  // connections of a mesh that has just ended do not count
  if (type == SOCK_STREAM) ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted);
  const int error = bound == 0 ? 0 : errno;
  ::close(probe);
  if (error == 0) return {};
  return fail("cannot listen on " + address + ':' + std::to_string(port) + ": " +
              advice(error, address, port));
}

}  // namespace

Result<void> check_free(const contract::Manifest& wanted, const contract::Manifest& held) {
  const std::set<Place> ours = places_of(held);
  for (const auto& [address, port, type] : places_of(wanted)) {
    if (ours.contains({address, port, type})) continue;
    if (auto free = probe(address, port, type); !free) return free;
  }
  return {};
}

}  // namespace smic::cli
