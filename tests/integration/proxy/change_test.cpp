// SPDX-License-Identifier: Apache-2.0
// Changes and ends while traffic flows.
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Clients in a closed loop, on connections that they keep, until told to stop.
class Load {
 public:
  Load(const RunningProxy& proxy, int clients, std::string expected)
      : proxy_(proxy), expected_(std::move(expected)) {
    for (int i = 0; i < clients; ++i) threads_.emplace_back([this, i] { run(i); });
  }
  ~Load() { stop(); }
  void stop() {
    stopped_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  void wait_for(int requests) const {
    const int goal = answered + requests;
    while (answered < goal && errors == 0) std::this_thread::yield();
  }

  std::atomic<int> answered{0};
  std::atomic<int> errors{0};
  std::atomic<int> refused_connects{0};

 private:
  void run(int index) {
    const std::string address = proxy_.units[0].address;
    const std::uint16_t port = proxy_.units[0].port;
    RawSocket client;
    for (int i = 0; !stopped_; ++i) {
      if (!client.open()) client = RawSocket::connect(address, port);
      if (!client.open()) {
        ++refused_connects;
        return;
      }
      const bool with_body = (i + index) % 3 == 0;
      const bool sent = client.send(
          with_body ? request("/", "Content-Length: 5\r\n", "PUT") + "hello" : request());
      const Message response = client.receive_response();
      if (!sent || response.status() != 200 || expected_.find(response.body) == std::string::npos) {
        ++errors;
        return;
      }
      ++answered;
      if (response.header("connection") == std::string("close") || i % 50 == 49) client.close();
    }
  }

  const RunningProxy& proxy_;
  std::string expected_;
  std::atomic<bool> stopped_{false};
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("two hundred swaps under load fail and misroute nothing") {
  ScriptedBackend v1(ScriptedBackend::answering("v1"));
  ScriptedBackend v2(ScriptedBackend::answering("v2"));
  TestUnit unit = unit_to(v1.port());
  RunningProxy proxy({unit});
  Load load(proxy, 6, "v1 v2");
  for (int i = 0; i < 200; ++i) {
    unit.backends[0].ports = {i % 2 == 0 ? v2.port() : v1.port()};
    std::vector<TestUnit> units{unit};
    // Other services come and go with it.
    if (i % 4 == 1) units.push_back(unit_to(v2.port()));
    REQUIRE(proxy.apply(units).has_value());
    CHECK(proxy.get().body == (i % 2 == 0 ? "v2" : "v1"));
    load.wait_for(5);
  }
  load.stop();
  CHECK(load.errors == 0);
  CHECK(load.refused_connects == 0);
  CHECK(load.answered > 1000);
}

TEST_CASE("an address that cannot be had holds up nothing else, is told, and is had later on") {
  ScriptedBackend backend(ScriptedBackend::answering("same"));
  RunningProxy proxy(backend.port());
  ScriptedBackend occupier(ScriptedBackend::answering("other"));
  std::vector<TestUnit> units = proxy.units;
  units.push_back(unit_to(backend.port()));
  units.back().port = occupier.port();
  units.push_back(unit_to(backend.port()));
  REQUIRE(proxy.apply(units).has_value());
  CHECK(proxy.metric("smic_listeners_unbound") == 1);
  const auto listens = [&](std::size_t unit) {
    return !proxy->listens_on(snapshot_of(0, {units[unit]})->units[0]->manifest).empty();
  };
  CHECK(listens(0));
  CHECK_FALSE(listens(1));
  CHECK(proxy.get().body == "same");
  const auto asks = [&](std::size_t unit) {
    RawSocket client = proxy.client("", unit);
    client.send(request());
    return client.receive_response().body;
  };
  CHECK(asks(1) == "other");
  CHECK(asks(2) == "same");
  occupier.stop_listening();
  CHECK(eventually([&] { return listens(1); }));
  CHECK(proxy.metric("smic_listeners_unbound") == 0);
  CHECK(asks(1) == "same");
}

TEST_CASE("a service that is gone is refused: new connections at once, old ones with an answer") {
  ScriptedBackend backend(ScriptedBackend::answering("x"));
  RunningProxy proxy({unit_to(backend.port()), unit_to(backend.port())});
  RawSocket client = proxy.client();
  client.send(request());
  CHECK(client.receive_response().status() == 200);
  const std::uint16_t port = proxy.units[0].port;
  REQUIRE(proxy.apply({proxy.units[1]}).has_value());
  CHECK_FALSE(RawSocket::connect("127.0.0.1", port).open());
  client.send(request());
  const Message gone = client.receive_response();
  CHECK(gone.status() == 503);
  CHECK(gone.header("connection") == std::string("close"));
  CHECK(client.receive_all().empty());
}

TEST_CASE("an address given up and taken again is a new listener") {
  ScriptedBackend backend(ScriptedBackend::answering("x"));
  RunningProxy proxy({unit_to(backend.port()), unit_to(backend.port())});
  const std::vector<TestUnit> both = proxy.units;
  RawSocket old = proxy.client();
  old.send(request());
  CHECK(old.receive_response().status() == 200);
  REQUIRE(proxy.apply({both[1]}).has_value());
  REQUIRE(proxy.apply(both).has_value());
  CHECK(proxy.get().status() == 200);
  old.send(request());
  CHECK(old.receive_response().status() == 503);  // it belonged to the listener that closed
}

TEST_CASE("draining under load finishes every request and refuses what comes after") {
  ScriptedBackend backend(ScriptedBackend::answering("ok"));
  RunningProxy proxy(backend.port());
  Load load(proxy, 6, "ok");
  load.wait_for(200);
  CHECK(proxy->drain(seconds(10)));
  CHECK_FALSE(RawSocket::connect("127.0.0.1", proxy.units[0].port).open());
  load.stop();
  CHECK(load.errors == 0);
}

TEST_CASE("a successor takes over beside the old proxy without a refused connection") {
  ScriptedBackend backend(ScriptedBackend::answering("ok"));
  RunningProxy old(backend.port());
  Load load(old, 4, "ok");
  load.wait_for(100);
  RunningProxy successor(old.units);
  CHECK(old->drain(seconds(10)));
  load.wait_for(100);
  load.stop();
  CHECK(load.errors == 0);
  CHECK(load.refused_connects == 0);
}

TEST_CASE("drain cuts off at its deadline what does not end, and says so") {
  ScriptedBackend backend([](RawSocket& socket) {
    socket.receive_request();
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nstart");
    socket.receive_all();
  });
  RunningProxy proxy(backend.port());
  RawSocket client = proxy.client();
  client.send(request());
  CHECK(client.receive_until("start").ends_with("start"));
  CHECK_FALSE(proxy->drain(milliseconds(300)));
  CHECK(client.receive_all().empty());
}

TEST_CASE("stopping at once with connections in every state neither hangs nor crashes") {
  ScriptedBackend silent([](RawSocket& socket) { socket.receive_all(); });
  RunningProxy proxy(silent.port());
  std::vector<RawSocket> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(proxy.client());
    if (i % 4 == 1) clients.back().send("GET / HT");
    if (i % 4 == 2) clients.back().send(request());
    if (i % 4 == 3) {
      clients.back().send(request("/", "Content-Length: 100\r\n", "POST") + "part");
    }
  }
  proxy.stop();
}
