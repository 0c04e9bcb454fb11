// SPDX-License-Identifier: Apache-2.0
// UDP units with real sockets on both sides.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <map>
#include <thread>

#include "tests/integration/proxy/running_proxy.h"
#include "tests/support/datagram_socket.h"

using namespace smic::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

TestUnit udp_to(std::vector<std::uint16_t> ports) {
  TestUnit unit = unit_to(0);
  unit.protocol = smic::contract::Protocol::udp;
  unit.backends[0].ports = std::move(ports);
  return unit;
}

DatagramSocket client_of(const RunningProxy& proxy, const std::string& from = "127.0.0.1") {
  return {proxy.units[0].address, proxy.units[0].port, from};
}

constexpr const char* kDenied = "smic_udp_datagrams_dropped_total{reason=\"denied\"}";
constexpr const char* kUnavailable = "smic_udp_datagrams_dropped_total{reason=\"unavailable\"}";

}  // namespace

TEST_CASE("datagrams go both ways, each client's for itself, from the address it sent to") {
  DatagramBackend backend(DatagramBackend::saying("b"));
  RunningProxy proxy({udp_to({backend.port()})});
  DatagramSocket one = client_of(proxy), other = client_of(proxy);
  REQUIRE(one.send("1"));
  REQUIRE(other.send("2"));
  CHECK(other.receive() == "b: 2");
  CHECK(one.receive() == "b: 1");
  CHECK(one.sender() == "127.0.0.1:" + std::to_string(proxy.units[0].port));
  CHECK(one.ask("") == "b: ");
  const std::string large(60'000, 'l');
  CHECK(one.ask(large) == "b: " + large);
  CHECK(proxy.metric("smic_udp_flows_total") == 2);
  CHECK(proxy.metric("smic_udp_flows_open") == 2);
  CHECK(proxy.metric("smic_udp_datagrams_received_total") == 4);
  CHECK(eventually([&] { return proxy.metric("smic_udp_datagrams_sent_total") == 4; }));
  CHECK(proxy.metric("smic_udp_received_bytes_total") == 60'002);
}

TEST_CASE("a TCP and a UDP unit share a port") {
  DatagramBackend datagrams(DatagramBackend::saying("udp"));
  ScriptedBackend streams([](RawSocket& socket) { socket.send("tcp: " + socket.receive()); });
  TestUnit udp = udp_to({datagrams.port()}), tcp = unit_to(streams.port());
  tcp.protocol = smic::contract::Protocol::tcp;
  tcp.port = udp.port;
  RunningProxy proxy({udp, tcp});
  CHECK(client_of(proxy).ask("x") == "udp: x");
  RawSocket stream = proxy.client("", 1);
  stream.send("x");
  CHECK(stream.receive_all() == "tcp: x");
  REQUIRE(proxy.apply({tcp}).has_value());
  RawSocket again = proxy.client("", 0);
  again.send("y");
  CHECK(again.receive_all() == "tcp: y");
}

TEST_CASE("datagrams of a source that is not allowed are dropped and counted, whatever it sends") {
  DatagramBackend backend(DatagramBackend::saying("b"));
  TestUnit unit = udp_to({backend.port()});
  unit.access = smic::contract::AccessMode::enforce;
  unit.program = program_of(only_class_one, nullptr);
  unit.sources = {{"shop/friend", 1}};
  RunningProxy proxy({unit}, one_worker(), {{"127.0.0.11", "shop/friend"}});
  DatagramSocket denied = client_of(proxy, "127.0.0.12");
  for (int i = 0; i < 100; ++i) REQUIRE(denied.send("let me in"));
  DatagramSocket allowed = client_of(proxy, "127.0.0.11");
  CHECK(allowed.ask("hello") == "b: hello");
  CHECK(eventually([&] { return proxy.metric(kDenied) == 100; }));
  CHECK(proxy.metric("smic_requests_denied_total") == 1);  // the flow was decided once
  CHECK(proxy.metric("smic_udp_flows_open") == 1);
  CHECK(backend.received() == 1);
}

TEST_CASE("a split is per flow: a client stays where it is, and the shares are exact") {
  DatagramBackend first(DatagramBackend::saying("v1")), second(DatagramBackend::saying("v2"));
  TestUnit unit = udp_to({});
  unit.backends = {{"shop/v1", 3, {first.port()}}, {"shop/v2", 1, {second.port()}}};
  unit.program = program_of(nullptr, three_in_four);
  RunningProxy proxy({unit}, one_worker());
  std::map<std::string, int> flows;
  std::vector<DatagramSocket> clients;  // kept: a port that is free again may be the next client's
  for (int i = 0; i < 40; ++i) {
    DatagramSocket& client = clients.emplace_back(client_of(proxy));
    const auto who = client.ask("x");
    REQUIRE(who.has_value());
    ++flows[*who];
    for (int again = 0; again < 5; ++again) CHECK(client.ask("x") == who);
  }
  CHECK(flows == std::map<std::string, int>{{"v1: x", 30}, {"v2: x", 10}});
}

TEST_CASE("with strict shares the flows of a backend without endpoints are dropped") {
  DatagramBackend first(DatagramBackend::saying("v1"));
  TestUnit unit = udp_to({});
  unit.backends = {{"shop/v1", 3, {first.port()}}, {"shop/v2", 1, {}}};
  unit.program = program_of(nullptr, three_in_four);
  unit.policy.split_shares = {smic::contract::SplitShares::strict, {"Service shop/web", "", 1}};
  RunningProxy proxy({unit}, one_worker());
  std::vector<DatagramSocket> clients;
  for (int i = 0; i < 40; ++i) REQUIRE(clients.emplace_back(client_of(proxy)).send("x"));
  CHECK(eventually([&] { return proxy.metric(kUnavailable) == 10; }));
  CHECK(proxy.metric("smic_udp_flows_total") == 30);
}

TEST_CASE("a flow that is idle ends, and one that is used does not") {
  DatagramBackend backend(DatagramBackend::saying("b"));
  smic::proxy::Options options = one_worker();
  options.udp_idle_timeout = milliseconds(300);
  RunningProxy proxy({udp_to({backend.port()})}, options);
  DatagramSocket idle = client_of(proxy), busy = client_of(proxy);
  CHECK(idle.ask("x") == "b: x");
  CHECK(eventually([&] {
    CHECK(busy.ask("x") == "b: x");
    return proxy.metric("smic_udp_flows_open") == 1;
  }));
  CHECK(proxy.metric("smic_udp_flows_total") == 2);
  CHECK(idle.ask("again") == "b: again");
  CHECK(proxy.metric("smic_udp_flows_total") == 3);
}

TEST_CASE("beyond max_udp_flows the flow unused for longest gives way") {
  DatagramBackend backend(DatagramBackend::saying("b"));
  smic::proxy::Options options = one_worker();
  options.max_udp_flows = 8;
  RunningProxy proxy({udp_to({backend.port()})}, options);
  std::vector<DatagramSocket> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(client_of(proxy));
    REQUIRE(clients.back().ask("x") == "b: x");
    REQUIRE(clients.front().ask("x") == "b: x");  // used all the time: it stays
  }
  CHECK(proxy.metric("smic_udp_flows_open") == 8);
  CHECK(proxy.metric("smic_udp_flows_total") == 100);
  CHECK(proxy.metric("smic_udp_flows_evicted_total") == 92);
}

TEST_CASE("a new policy cuts the flows that it forbids, and only those") {
  DatagramBackend backend(DatagramBackend::saying("b"));
  TestUnit unit = udp_to({backend.port()});
  unit.access = smic::contract::AccessMode::enforce;
  unit.program = program_of(only_class_one, nullptr);
  unit.sources = {{"shop/friend", 1}};
  const std::vector<TestPod> friends{{"127.0.0.11", "shop/friend"}, {"127.0.0.12", "shop/friend"}};
  RunningProxy proxy({unit}, one_worker(), friends);
  DatagramSocket stays = client_of(proxy, "127.0.0.11"), goes = client_of(proxy, "127.0.0.12");
  CHECK(stays.ask("x") == "b: x");
  CHECK(goes.ask("x") == "b: x");
  REQUIRE(proxy.apply({unit}, {friends[0]}).has_value());
  CHECK(proxy.metric("smic_udp_flows_open") == 1);
  REQUIRE(goes.send("x"));
  CHECK(stays.ask("y") == "b: y");
  CHECK(eventually([&] { return proxy.metric(kDenied) == 1; }));
  REQUIRE(proxy.apply({unit}, friends).has_value());  // nothing refused is remembered beyond that
  CHECK(goes.ask("z") == "b: z");
  CHECK(proxy.metric("smic_udp_flows_total") == 3);
}

TEST_CASE("a flow moves when its endpoint is gone, and answers under way still arrive") {
  std::atomic<bool> hold{true};
  DatagramBackend slow([&](const std::string& datagram) {
    while (hold) std::this_thread::yield();
    return "old: " + datagram;
  });
  DatagramBackend next(DatagramBackend::saying("new"));
  TestUnit unit = udp_to({slow.port()});
  RunningProxy proxy({unit}, one_worker());
  DatagramSocket client = client_of(proxy);
  REQUIRE(client.send("1"));
  CHECK(eventually([&] { return slow.received() == 1; }));
  unit.backends[0].ports = {next.port()};
  REQUIRE(proxy.apply({unit}).has_value());
  CHECK(client.ask("2") == "new: 2");
  hold = false;
  CHECK(client.receive() == "old: 1");
  CHECK(client.ask("3") == "new: 3");
  CHECK(proxy.metric("smic_udp_flows_total") == 2);
}

TEST_CASE("an endpoint where nobody listens ends the flow, and the next one finds another") {
  DatagramBackend alive(DatagramBackend::saying("b"));
  RunningProxy proxy({udp_to({free_port(), alive.port()})}, one_worker());
  DatagramSocket client = client_of(proxy);
  CHECK(eventually([&] {
    client.send("x");
    return client.receive(milliseconds(100)) == "b: x";
  }));
  CHECK(client.ask("y") == "b: y");
  TestUnit none = udp_to({});
  none.port = proxy.units[0].port;
  REQUIRE(proxy.apply({none}).has_value());
  const double before = proxy.metric(kUnavailable);
  DatagramSocket late = client_of(proxy);
  REQUIRE(late.send("x"));
  CHECK(eventually([&] { return proxy.metric(kUnavailable) == before + 1; }));
  CHECK(proxy.metric("smic_requests_unavailable_total") == 1);
}

TEST_CASE("a hundred swaps under load lose no datagram") {
  DatagramBackend backend(DatagramBackend::saying("b"));
  TestUnit unit = udp_to({backend.port()});
  RunningProxy proxy({unit});
  const TestUnit place = proxy.units[0];  // a swap replaces the proxy's list of them
  std::atomic<bool> stopped{false};
  std::atomic<int> asked{0}, lost{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!stopped) {
        DatagramSocket client(place.address, place.port, "127.0.0.1");
        for (int n = 0; n < 20 && !stopped; ++n) {
          const std::string question = std::to_string(++asked);
          if (client.ask(question) != "b: " + question) ++lost;
        }
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    std::vector<TestUnit> units{unit};
    if (i % 2 == 0) units.push_back(udp_to({backend.port()}));
    REQUIRE(proxy.apply(units).has_value());
    const int goal = asked + 10;
    CHECK(eventually([&] { return asked >= goal; }));
  }
  stopped = true;
  for (std::thread& client : clients) client.join();
  CHECK(lost == 0);
  CHECK(asked >= 1000);
}

TEST_CASE("a drain waits for the answers of a moment, and takes no new datagrams") {
  DatagramBackend slow([](const std::string& datagram) {
    std::this_thread::sleep_for(milliseconds(300));
    return "late: " + datagram;
  });
  RunningProxy proxy({udp_to({slow.port()})}, one_worker());
  DatagramSocket client = client_of(proxy);
  REQUIRE(client.send("x"));
  CHECK(eventually([&] { return slow.received() == 1; }));
  const std::uint16_t port = proxy.units[0].port;
  bool drained = false;
  std::thread drain([&] { drained = proxy->drain(seconds(10)); });
  CHECK(client.receive() == "late: x");
  CHECK(client.sender() == "127.0.0.1:" + std::to_string(port));
  drain.join();
  CHECK(drained);
  client.send("y");
  CHECK_FALSE(client.receive(milliseconds(100)).has_value());
}

TEST_CASE("a successor takes over the datagrams of a proxy that drains") {
  DatagramBackend backend(DatagramBackend::saying("b"));
  RunningProxy old({udp_to({backend.port()})});
  DatagramSocket client = client_of(old);
  CHECK(client.ask("1") == "b: 1");
  RunningProxy successor(old.units, one_worker());
  bool in_time = false;
  std::atomic<bool> drained{false};
  std::thread drain([&] {
    in_time = old->drain(seconds(10));
    drained = true;
  });
  for (int n = 0; !drained; ++n) CHECK(client.ask(std::to_string(n)).has_value());
  drain.join();
  CHECK(in_time);
  CHECK(client.ask("last") == "b: last");
  CHECK(successor.metric("smic_udp_flows_open") == 1);
}
