// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/listeners.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace smic::net;

namespace {
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
  Listeners listeners(loop, [&](std::uint32_t listener, int fd, const SocketAddress&) {
    CHECK(listener == 3);
    CHECK(::write(fd, "hello", 5) == 5);
    ::close(fd);
    ++accepted;
  });
  const int fd = listen_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
  const SocketAddress address = SocketAddress::local_of(fd);
  listeners.add(3, fd);
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
  Listeners listeners(loop, [&](std::uint32_t listener, int fd, const SocketAddress&) {
    ++counts[listener];
    ::close(fd);
    if (++total == 300) loop.stop();
  });
  std::vector<SocketAddress> addresses;
  for (std::uint32_t i = 0; i < counts.size(); ++i) {
    const int fd = listen_on(SocketAddress::parse("127.0.0.1", 0).value()).value();
    addresses.push_back(SocketAddress::local_of(fd));
    listeners.add(i, fd);
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
