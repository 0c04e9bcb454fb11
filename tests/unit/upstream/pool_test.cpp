// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <vector>

#include "runtime/upstream/upstream.h"

using namespace smic;
using std::chrono::milliseconds;

namespace {

// A server that accepts and holds its ends.
struct Server {
  Server() : listener(net::listen_on(net::SocketAddress::parse("127.0.0.1", 0).value()).value()) {
    address = net::SocketAddress::local_of(listener);
  }
  ~Server() {
    for (const int fd : accepted) ::close(fd);
    ::close(listener);
  }
  // A connection for the pool; our end of it is accepted.back().
  std::unique_ptr<upstream::Connection> connect(net::Loop& loop, upstream::Pool& pool) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(::connect(fd, address.data(), address.size()) == 0);
    accepted.push_back(::accept(listener, nullptr, nullptr));
    REQUIRE(accepted.back() >= 0);
    return std::make_unique<upstream::Connection>(loop, fd, pool);
  }
  int listener;
  net::SocketAddress address;
  std::vector<int> accepted;
};

// Runs the loop until `done` says so, looking at every tick.
template <class F>
void run_until(net::Loop& loop, F done) {
  loop.on_tick([&loop, done] {
    if (done()) loop.stop();
  });
  loop.run();
}

}  // namespace

TEST_CASE("the connection used last is taken first") {
  net::Loop loop;
  Server server;
  upstream::Pool pool(server.address, milliseconds(60'000));
  CHECK(pool.take() == nullptr);
  auto first = server.connect(loop, pool);
  auto second = server.connect(loop, pool);
  const upstream::Connection* last = second.get();
  CHECK_FALSE(second->reused);
  pool.put(std::move(first));
  pool.put(std::move(second));
  CHECK(pool.idle() == 2);
  const auto taken = pool.take();
  CHECK(taken.get() == last);
  CHECK(taken->reused);
  CHECK(pool.idle() == 1);
}

TEST_CASE("an idle connection is dropped as soon as the other side closes it or speaks") {
  net::Loop loop;
  Server server;
  upstream::Pool pool(server.address, milliseconds(60'000));
  pool.put(server.connect(loop, pool));
  pool.put(server.connect(loop, pool));
  pool.put(server.connect(loop, pool));
  ::shutdown(server.accepted[0], SHUT_WR);
  CHECK(::write(server.accepted[1], "?", 1) == 1);
  run_until(loop, [&] { return pool.idle() <= 1; });
  CHECK(pool.idle() == 1);
  CHECK(pool.take() != nullptr);
}

TEST_CASE("an idle connection is dropped when its time is over") {
  net::Loop loop;
  Server server;
  upstream::Pool pool(server.address, milliseconds(100));
  pool.put(server.connect(loop, pool));
  run_until(loop, [&] { return pool.idle() == 0; });
  CHECK(pool.unused());
  char byte = 0;
  CHECK(::read(server.accepted[0], &byte, 1) == 0);
}

TEST_CASE("a pool keeps so many idle connections and no more, the oldest go") {
  net::Loop loop;
  Server server;
  upstream::Pool pool(server.address, milliseconds(60'000));
  for (std::size_t i = 0; i < upstream::kMaxIdlePerEndpoint + 1; ++i) {
    pool.put(server.connect(loop, pool));
  }
  CHECK(pool.idle() == upstream::kMaxIdlePerEndpoint);
  char byte = 0;
  CHECK(::read(server.accepted[0], &byte, 1) == 0);
}

TEST_CASE("pools are found by address and forgotten when they hold nothing") {
  net::Loop loop;
  Server server;
  upstream::Pools pools(milliseconds(60'000));
  upstream::Pool& pool = pools.of(server.address);
  CHECK(&pools.of(server.address) == &pool);
  pools.of(net::SocketAddress::parse("127.0.0.1", 1).value());
  pool.put(server.connect(loop, pool));
  pools.sweep();
  CHECK(pools.size() == 1);
  {
    const upstream::InUse in_use(pool);
    pool.take();
    pools.sweep();
    CHECK(pools.size() == 1);
  }
  pools.sweep();
  CHECK(pools.size() == 0);
}
