// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <map>
#include <thread>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

TestUnit tcp_to(std::vector<std::uint16_t> ports) {
  TestUnit unit = unit_to(0);
  unit.protocol = smic::contract::Protocol::tcp;
  unit.backends[0].ports = std::move(ports);
  return unit;
}

const ScriptedBackend::Script kEcho = [](RawSocket& socket) {
  for (std::string got; !(got = socket.receive()).empty();) socket.send(got);
};

ScriptedBackend::Script naming(std::string name) {
  return [name](RawSocket& socket) { socket.send(name); };
}

}  // namespace

TEST_CASE("a TCP unit carries bytes both ways with half-close, for those it allows") {
  ScriptedBackend backend([](RawSocket& socket) {
    const std::string all = socket.receive_all();
    socket.send("got " + std::to_string(all.size()));
  });
  TestUnit unit = unit_to(backend.port());
  unit.protocol = smic::contract::Protocol::tcp;
  unit.access = smic::contract::AccessMode::enforce;
  unit.program = program_of(only_class_one, nullptr);
  unit.sources = {{"shop/friend", 1}};
  RunningProxy proxy({unit}, {}, {{"127.0.0.11", "shop/friend"}});
  RawSocket allowed = proxy.client("127.0.0.11");
  REQUIRE(allowed.send(std::string(3'000'000, 't')));
  allowed.finish_sending();
  CHECK(allowed.receive_all() == "got 3000000");
  RawSocket denied = proxy.client("127.0.0.12");
  CHECK(denied.receive_all().empty());
  CHECK_FALSE(denied.timed_out());
  CHECK(backend.connections() == 1);
}

TEST_CASE("with strict shares the connections of a backend without endpoints are closed") {
  ScriptedBackend first(naming("v1"));
  TestUnit unit = tcp_to({});
  unit.backends = {{"shop/v1", 3, {first.port()}}, {"shop/v2", 1, {}}};
  unit.program = program_of(nullptr, three_in_four);
  unit.policy.split_shares = {smic::contract::SplitShares::strict, {"Service shop/web", "", 1}};
  RunningProxy proxy({unit}, one_worker());
  std::map<std::string, int> got;
  for (int i = 0; i < 40; ++i) ++got[proxy.client("", 0).receive_all()];
  CHECK(got == std::map<std::string, int>{{"v1", 30}, {"", 10}});
}

TEST_CASE("open tunnels are cut off when the policy no longer allows them, and only then") {
  ScriptedBackend backend([](RawSocket& socket) {
    if (socket.receive_until("\r\n\r\n").starts_with("GET ")) {
      socket.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    }
    for (std::string got; !(got = socket.receive()).empty();) socket.send(got);
  });
  TestUnit tcp = unit_to(backend.port());
  tcp.protocol = smic::contract::Protocol::tcp;
  tcp.access = smic::contract::AccessMode::enforce;
  tcp.program = program_of(only_class_one, nullptr);
  tcp.sources = {{"shop/friend", 1}};
  TestUnit http = tcp;
  http.port = free_port();
  http.protocol = smic::contract::Protocol::http;
  const std::vector<TestPod> friends{{"127.0.0.11", "shop/friend"}, {"127.0.0.12", "shop/friend"}};
  RunningProxy proxy({tcp, http}, {}, friends);
  const auto open_tcp = [&](const char* from) {
    RawSocket socket = proxy.client(from, 0);
    socket.send("hello\r\n\r\n");
    return socket;
  };
  RawSocket stays = open_tcp("127.0.0.11");
  RawSocket goes = open_tcp("127.0.0.12");
  RawSocket upgraded = proxy.client("127.0.0.12", 1);
  upgraded.send(request("/", "Connection: upgrade\r\nUpgrade: x\r\n"));
  CHECK(upgraded.receive_response().status() == 101);
  const auto echoes = [](RawSocket& socket) {
    socket.send("ping");
    return socket.receive_exactly(4) == "ping";
  };
  CHECK(echoes(stays));
  CHECK(echoes(goes));
  CHECK(echoes(upgraded));
  REQUIRE(proxy.apply({tcp, http}, friends).has_value());
  CHECK(echoes(goes));
  CHECK(echoes(upgraded));
  REQUIRE(proxy.apply({tcp, http}, {friends[0]}).has_value());
  CHECK(echoes(stays));
  CHECK(goes.receive_all().empty());
  CHECK(upgraded.receive_all().empty());
  CHECK_FALSE(goes.timed_out());
  CHECK_FALSE(upgraded.timed_out());
}

TEST_CASE("either side may finish sending first, and still receives all") {
  std::atomic<std::size_t> received{0};
  ScriptedBackend talker([&](RawSocket& socket) {
    socket.send(std::string(1'000'000, 's'));
    socket.finish_sending();
    received = socket.receive_all().size();  // the client goes on sending after our end
  });
  RunningProxy proxy({tcp_to({talker.port()})});
  RawSocket client = proxy.client();
  CHECK(client.receive_all().size() == 1'000'000);
  CHECK(client.send(std::string(2'000'000, 'c')));
  client.finish_sending();
  CHECK(eventually([&] { return received == 2'000'000; }));
  CHECK(eventually([&] { return proxy.metric("smic_tunnels_open") == 0; }));
}

TEST_CASE("a reader that does not read stops the sender, and nothing piles up between") {
  constexpr std::size_t kTooMuch = 256 * 1024 * 1024;
  std::atomic<bool> read{false};
  std::atomic<std::size_t> received{0};
  ScriptedBackend slow([&](RawSocket& socket) {
    while (!read) std::this_thread::sleep_for(milliseconds(1));
    received = socket.receive_all().size();
    socket.send("done");
  });
  RunningProxy proxy({tcp_to({slow.port()})}, one_worker());
  RawSocket client = proxy.client();
  const std::string block(64 * 1024, 'b');
  std::size_t sent = 0;
  for (int stuck = 0; stuck < 100 && sent < kTooMuch;) {
    const ssize_t took = ::send(client.fd(), block.data(), block.size(), MSG_DONTWAIT);
    if (took > 0) {
      sent += static_cast<std::size_t>(took);
      stuck = 0;
    } else {
      ++stuck;
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
  CHECK(sent < 64 * 1024 * 1024);  // what two pairs of sockets hold, at the kernel's most
  read = true;
  client.finish_sending();
  CHECK(client.receive_all() == "done");
  CHECK(received == sent);
}

TEST_CASE("a connection that fails on one side is reset on the other, not ended") {
  ScriptedBackend failing([](RawSocket& socket) {
    socket.send("half");
    socket.receive_exactly(4);
    socket.reset();
  });
  RunningProxy proxy({tcp_to({failing.port()})});
  RawSocket client = proxy.client();
  CHECK(client.receive_exactly(4) == "half");
  client.send("seen");
  char byte;
  const ssize_t got = ::recv(client.fd(), &byte, 1, 0);
  const int error = errno;
  CHECK(got == -1);
  CHECK(error == ECONNRESET);
}

TEST_CASE("a split is per TCP connection, and the shares are exact") {
  ScriptedBackend first(naming("v1")), second(naming("v2"));
  TestUnit unit = tcp_to({});
  unit.backends = {{"shop/v1", 3, {first.port()}}, {"shop/v2", 1, {second.port()}}};
  unit.program = program_of(nullptr, three_in_four);
  RunningProxy proxy({unit}, one_worker());
  std::map<std::string, int> connections;
  for (int i = 0; i < 80; ++i) ++connections[proxy.client().receive_all()];
  CHECK(connections == std::map<std::string, int>{{"v1", 60}, {"v2", 20}});
}

TEST_CASE("a TCP connection tries the next endpoint when one does not answer") {
  ScriptedBackend alive(naming("alive"));
  RunningProxy proxy({tcp_to({free_port(), alive.port()})}, one_worker());
  for (int i = 0; i < 10; ++i) CHECK(proxy.client().receive_all() == "alive");
  CHECK(proxy.metric("smic_upstream_retries_total") > 0);
  TestUnit dead = tcp_to({free_port()});
  dead.port = proxy.units[0].port;
  REQUIRE(proxy.apply({dead}).has_value());
  RawSocket refused = proxy.client();
  CHECK(refused.receive_all().empty());
  CHECK_FALSE(refused.timed_out());
  CHECK(eventually([&] { return proxy.metric("smic_connections_refused_total") == 1; }));
  TestUnit none = dead;
  none.backends[0].ports = {};
  REQUIRE(proxy.apply({none}).has_value());
  CHECK(proxy.client().receive_all().empty());
  CHECK(proxy.metric("smic_requests_unavailable_total") == 1);
}

TEST_CASE("a tunnel in which nothing moves is closed, and one in use is not") {
  ScriptedBackend backend(kEcho);
  smic::proxy::Options options = one_worker();
  options.tunnel_idle_timeout = milliseconds(300);
  options.idle_timeout = milliseconds(1);  // that of bodies: not meant
  RunningProxy proxy({tcp_to({backend.port()})}, options);
  RawSocket idle = proxy.client(), busy = proxy.client();
  for (RawSocket* each : {&idle, &busy}) {
    each->send("x");
    CHECK(each->receive_exactly(1) == "x");
  }
  CHECK(eventually([&] {
    busy.send("y");
    CHECK(busy.receive_exactly(1) == "y");
    return proxy.metric("smic_tunnels_open") == 1;
  }));
  CHECK(idle.receive_all().empty());
}

TEST_CASE("a hundred swaps under load lose no TCP connection") {
  ScriptedBackend backend(kEcho);
  TestUnit unit = tcp_to({backend.port()});
  RunningProxy proxy({unit});
  const TestUnit place = proxy.units[0];  // a swap replaces the proxy's list of them
  std::atomic<bool> stopped{false};
  std::atomic<int> exchanges{0}, failures{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!stopped) {
        RawSocket client = RawSocket::connect(place.address, place.port);
        for (int n = 0; n < 10 && !stopped; ++n) {
          const std::string text = "exchange " + std::to_string(++exchanges);
          if (!client.send(text) || client.receive_exactly(text.size()) != text) ++failures;
        }
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    std::vector<TestUnit> units{unit};
    if (i % 2 == 0) units.push_back(tcp_to({backend.port()}));
    REQUIRE(proxy.apply(units).has_value());
    const int goal = exchanges + 10;
    CHECK(eventually([&] { return exchanges >= goal; }));
  }
  stopped = true;
  for (std::thread& client : clients) client.join();
  CHECK(failures == 0);
  CHECK(exchanges >= 1000);
}

TEST_CASE("a drain lets open tunnels end by themselves") {
  ScriptedBackend backend(kEcho);
  RunningProxy proxy({tcp_to({backend.port()})});
  RawSocket client = proxy.client();
  client.send("before");
  CHECK(client.receive_exactly(6) == "before");
  std::atomic<bool> whole{false};
  std::thread drain([&] { whole = proxy->drain(seconds(20)); });
  CHECK(eventually([&] { return !proxy.client().open(); }));
  client.send("during");
  CHECK(client.receive_exactly(6) == "during");
  client.finish_sending();
  CHECK(client.receive_all().empty());
  drain.join();
  CHECK(whole);
}
