// SPDX-License-Identifier: Apache-2.0
#include "runtime/steer/sockets.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace smic::steer {
namespace {

using Transport = net::Listeners::Kind;

Result<Descriptor> failed(const std::string& what) {
  return fail(what + ": " + std::strerror(errno));
}

bool set(int fd, int level, int option) {
  const int on = 1;
  return setsockopt(fd, level, option, &on, sizeof on) == 0;
}

Result<Descriptor> open_steered(const net::SocketAddress& address, Transport transport) {
  auto fd =
      transport == Transport::connections ? net::listen_on(address) : net::receive_on(address);
  if (!fd) return std::unexpected(fd.error());
  Descriptor socket(*fd);
  if (transport == Transport::connections) return socket;
  const bool v6 = address.family() == AF_INET6;
  if (!set(*fd, v6 ? SOL_IPV6 : SOL_IP, v6 ? IPV6_RECVORIGDSTADDR : IP_RECVORIGDSTADDR)) {
    return failed("ask for the addresses that datagrams were sent to");
  }
  return socket;
}

bool node_lacks(IpFamily family) {
  const Descriptor socket(
      ::socket(family == IpFamily::v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto loopback = net::SocketAddress::parse(family == IpFamily::v4 ? "127.0.0.1" : "::1", 0);
  return !socket.open() || ::bind(socket.get(), loopback->data(), loopback->size()) != 0;
}

}  // namespace

std::size_t kind_of(IpFamily family, Transport transport) {
  return (family == IpFamily::v6 ? 1 : 0) + (transport == Transport::datagrams ? 2 : 0);
}
IpFamily family_of_kind(std::size_t kind) { return kind % 2 == 0 ? IpFamily::v4 : IpFamily::v6; }
Transport transport_of_kind(std::size_t kind) {
  return kind < 2 ? Transport::connections : Transport::datagrams;
}

Result<SocketsByKind> open_sockets(std::size_t count) {
  SocketsByKind sockets;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const IpFamily family = family_of_kind(kind);
    if (node_lacks(family)) continue;
    auto address = *net::SocketAddress::parse(family == IpFamily::v4 ? "127.0.0.1" : "::1", 0);
    while (sockets[kind].size() < count) {
      auto socket = open_steered(address, transport_of_kind(kind));
      if (!socket) return fail(socket, "steered sockets");
      address = net::SocketAddress::local_of(socket->get());  // the others share its port
      sockets[kind].push_back(std::move(*socket));
    }
  }
  return sockets;
}

Result<Descriptor> open_answers(const net::SocketAddress& from) {
  Descriptor socket(::socket(from.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool ready = socket.open() && set(socket.get(), SOL_SOCKET, SO_REUSEADDR) &&
                     from.allow_on(socket.get()) &&
                     ::bind(socket.get(), from.data(), from.size()) == 0 &&
                     ::connect(socket.get(), from.data(), from.size()) == 0;
  if (!ready) return failed("answer from " + from.to_string() + " (UDP)");
  return socket;
}

}  // namespace smic::steer
