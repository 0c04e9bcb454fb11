// SPDX-License-Identifier: Apache-2.0
// An IP address with a port, in the kernel's form, comparable and hashable.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace smic::net {

class SocketAddress {
 public:
  SocketAddress() = default;
  static Result<SocketAddress> parse(std::string_view ip, std::uint16_t port);  // literals only
  static Result<SocketAddress> parse(std::string_view ip_and_port);             // "[::1]:80"
  static SocketAddress of(const sockaddr_storage& storage);
  static SocketAddress local_of(int fd);

  std::string ip() const;  // "127.0.0.1", "::1"; a v4-mapped address is shown as IPv4
  std::uint16_t port() const;
  std::string to_string() const;  // "127.0.0.1:80", "[::1]:80"

  int family() const { return static_cast<int>(storage_.any.sa_family); }
  const sockaddr* data() const { return &storage_.any; }
  socklen_t size() const { return family() == AF_INET6 ? sizeof storage_.v6 : sizeof storage_.v4; }
  std::size_t hash() const;
  bool operator==(const SocketAddress& other) const;

  // A socket may be bound to it although no link has it: for addresses that a route makes local,
  // which IPv6 does not take for its own.
  bool allow_on(int fd) const;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_{.v6 = {}};
};

}  // namespace smic::net

template <>
struct std::hash<smic::net::SocketAddress> {
  std::size_t operator()(const smic::net::SocketAddress& address) const { return address.hash(); }
};
