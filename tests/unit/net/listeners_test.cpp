// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/listeners.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "runtime/net/datagrams.h"

using namespace smic::net;

namespace {
constexpr auto kConnections = Listeners::Kind::connections;
const Listeners::Arrived kNoDatagrams = [](std::uint32_t, int) {};

int connect_to(const SocketAddress& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM, 0);
  if (::connect(fd, address.data(), address.size()) == 0) return fd;
  ::close(fd);
  return -1;
}
}  // namespace

TEST_CASE("connections that wait in the queue survive the closing of their listener") {
  Loop loop;
  int accepted = 0;
  Listeners listeners(
      loop,
      [&](std::uint32_t listener, int fd, const SocketAddress&) {
        CHECK(listener == 3);
        CHECK(::write(fd, "hello", 5) == 5);
        ::close(fd);
        ++accepted;
      },
      kNoDatagrams);
  const int fd = listen_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
  const SocketAddress address = SocketAddress::local_of(fd);
  listeners.add(3, fd, kConnections);
  std::vector<int> waiting;
  for (int i = 0; i < 200; ++i) waiting.push_back(connect_to(address));
  listeners.close(3);
  CHECK(accepted == 200);
  for (const int connection : waiting) {
    char text[8];
    CHECK(::read(connection, text, sizeof text) == 5);
    ::close(connection);
  }
  CHECK(connect_to(address) == -1);
}

TEST_CASE("an address that is taken is refused with its name") {
  const int plain = ::socket(AF_INET, SOCK_STREAM, 0);
  SocketAddress address = SocketAddress::parse("127.0.0.1", 0).value();
  REQUIRE(::bind(plain, address.data(), address.size()) == 0);
  REQUIRE(::listen(plain, 1) == 0);
  address = SocketAddress::local_of(plain);
  const auto taken = listen_on(address);
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().message == "listen on " + address.to_string() + ": Address already in use");
  ::close(plain);
}

TEST_CASE("a loop accepts on many listeners and says which one it was") {
  Loop loop;
  std::vector<int> counts(100, 0);
  int total = 0;
  Listeners listeners(
      loop,
      [&](std::uint32_t listener, int fd, const SocketAddress&) {
        ++counts[listener];
        ::close(fd);
        if (++total == 300) loop.stop();
      },
      kNoDatagrams);
  std::vector<SocketAddress> addresses;
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    const int fd = listen_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
    addresses.push_back(SocketAddress::local_of(fd));
    listeners.add(i, fd, kConnections);
  }
  std::thread clients([&] {
    for (int round = 0; round < 3; ++round) {
      for (const SocketAddress& address : addresses) ::close(connect_to(address));
    }
  });
  loop.run();
  clients.join();
  CHECK(counts == std::vector<int>(100, 3));
}

TEST_CASE("out of descriptors, connections wait without spinning and are served when there are") {
  Loop loop;
  int served = 0;
  Listeners listeners(
      loop,
      [&](std::uint32_t, int fd, const SocketAddress&) {
        ::close(fd);
        if (++served == 10) loop.stop();
      },
      kNoDatagrams);
  const int fd = listen_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
  listeners.add(1, fd, kConnections);
  std::vector<int> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(connect_to(SocketAddress::local_of(fd)));
  rlimit usual{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &usual) == 0);
  rlimit none = usual;
  none.rlim_cur = 0;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  int ticks = 0;
  loop.on_tick([&] {
    if (++ticks == 10) setrlimit(RLIMIT_NOFILE, &usual);
  });
  loop.run();
  CHECK(served == 10);
  CHECK(listeners.failures() >= 1);
  CHECK(listeners.failures() <= 11);  // one a tick
  for (const int client : clients) ::close(client);
}

TEST_CASE("retired, a datagram socket is passed over by the kernel and can still be sent by") {
  Loop loop;
  std::vector<std::uint32_t> arrived;
  Listeners listeners(
      loop, [](std::uint32_t, int fd, const SocketAddress&) { ::close(fd); },
      [&](std::uint32_t listener, int) { arrived.push_back(listener); });
  const int old = receive_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
  const SocketAddress address = SocketAddress::local_of(old);
  listeners.add(7, old, Listeners::Kind::datagrams);
  const int successor = receive_on(address).value();
  listeners.retire_all();
  CHECK(arrived == std::vector<std::uint32_t>{7});  // what was in its queue is handed over
  for (int i = 0; i < 64; ++i) {
    const int client = datagrams_to(address).value();
    REQUIRE(::send(client, "x", 1, 0) == 1);
    char byte;
    CHECK(::recv(successor, &byte, 1, MSG_DONTWAIT) == 1);
    const SocketAddress from = SocketAddress::local_of(client);
    CHECK(::sendto(listeners.socket_of(7), "y", 1, 0, from.data(), from.size()) == 1);
    CHECK(::recv(client, &byte, 1, MSG_DONTWAIT) == 1);
    ::close(client);
  }
  ::close(successor);
}
