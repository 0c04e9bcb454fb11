// SPDX-License-Identifier: Apache-2.0
// The node address plan, whole: pods in network namespaces of their own, and a proxy in their
// node's, with nothing bound to the addresses that they dial.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "tests/integration/proxy/running_proxy.h"
#include "tests/support/datagram_socket.h"
#include "tests/support/pod.h"

using namespace smic;
using namespace smic::test;
using How = steer::RangeStatus::How;
using steer::Mode;

namespace {

const std::vector<std::string> kRanges{"240.0.0.0/7", "fd73:6d69:6300::/48"};

TestUnit unit_at(const std::string& address, std::uint16_t port, contract::Protocol protocol,
                 std::uint16_t backend) {
  TestUnit unit = unit_to(backend);
  unit.address = address;
  unit.port = port;
  unit.protocol = protocol;
  return unit;
}

proxy::Options options_for(Mode mode) {
  proxy::Options options;
  options.steering = mode;
  return options;
}

std::string get(Pod& pod, const std::string& ip, std::uint16_t port) {
  std::string body;
  pod.run([&] {
    RawSocket socket = RawSocket::connect(ip, port);
    if (!socket.open()) {
      body = "refused";
    } else if (socket.send(request())) {
      const Message response = socket.receive_response();
      body = std::to_string(response.status()) + " " + response.body;
    }
  });
  return body;
}

std::string ask(Pod& pod, const std::string& ip, const std::string& from) {
  std::string told;
  pod.run([&] {
    DatagramSocket socket(ip, 53, from);
    told = socket.ask("question").value_or("nothing") + " from " + socket.sender();
  });
  return told;
}

// Calls again and again from inside a pod, a millisecond apart, and counts.
class Load {
 public:
  Load(Pod& pod, std::function<bool()> call)
      : thread_([this, &pod, call = std::move(call)] {
          pod.run([&] {
            while (!stopped_) {
              ++(call() ? good : bad);
              std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
          });
        }) {}
  ~Load() { stop(); }
  void stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
  }
  void wait_for_more(int calls) {
    const int until = good + calls;
    CHECK(eventually([&] { return good >= until; }));
  }

  std::atomic<int> good{0}, bad{0};

 private:
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace

// Which nobody but readiness waits for.
void wait_until_proven(const RunningProxy& proxy) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (proxy.metric("smic_mesh_range_proven{range=\"fd73:6d69:6300::/48\"}") != 1) {
    REQUIRE(std::chrono::steady_clock::now() < end);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST_CASE("pods reach units by mesh addresses, and are known by their own", "[steering]") {
  become_a_node();
  Pod pod(1), stranger(2);
  const Mode mode = GENERATE(Mode::automatic, Mode::bind);
  ScriptedBackend web(ScriptedBackend::answering("web"));
  DatagramBackend names(DatagramBackend::saying("names"));
  TestUnit http = unit_at("240.96.1.7", 80, contract::Protocol::http, web.port());
  http.more_addresses = {"fd73:6d69:6300::7"};
  http.access = contract::AccessMode::enforce;
  http.program = program_of(only_class_one, nullptr);
  http.sources = {{"shop/web", 1}};
  TestUnit udp = unit_at("240.96.0.10", 53, contract::Protocol::udp, names.port());
  udp.more_addresses = {"fd73:6d69:6300::a"};
  RunningProxy proxy({http, udp}, options_for(mode),
                     {{pod.address(), "shop/web"}, {pod.address_v6(), "shop/web"}}, kRanges);
  for (const auto& range : proxy->steering()) {
    INFO(range.reason);
    CHECK(range.how == (mode == Mode::automatic ? How::steered : How::bound));
  }
  wait_until_proven(proxy);
  CHECK(proxy.metric("smic_mesh_range_proven{range=\"240.0.0.0/7\"}") == 1);
  CHECK(proxy.metric("smic_mesh_range_proven{range=\"fd73:6d69:6300::/48\"}") == 1);
  CHECK(get(pod, "240.96.1.7", 80) == "200 web");
  CHECK(get(pod, "fd73:6d69:6300::7", 80) == "200 web");
  CHECK(get(stranger, "240.96.1.7", 80).starts_with("403 "));
  CHECK(get(stranger, "fd73:6d69:6300::7", 80).starts_with("403 "));
  CHECK(ask(stranger, "240.96.0.10", stranger.address()) == "names: question from 240.96.0.10:53");
  CHECK(ask(stranger, "fd73:6d69:6300::a", stranger.address_v6()) ==
        "names: question from [fd73:6d69:6300::a]:53");
  // The node's own processes are nobody's pod.
  RawSocket own = RawSocket::connect("240.96.1.7", 80);
  REQUIRE(own.send(request()));
  CHECK(own.receive_response().status() == 403);
  // What is no unit is refused.
  CHECK(get(pod, "240.96.1.7", 81) == "refused");
  CHECK(get(pod, "240.96.1.8", 80) == "refused");
  // A unit that goes is refused too, and one that comes is served.
  http.address = "240.96.1.8";
  http.more_addresses.clear();
  REQUIRE(proxy.apply({http, udp}, {{pod.address(), "shop/web"}}));
  CHECK(get(pod, "240.96.1.7", 80) == "refused");
  CHECK(get(pod, "240.96.1.8", 80) == "200 web");
}

TEST_CASE("steered units live beside another process's listener on the same port", "[steering]") {
  become_a_node();
  Pod pod(1);
  ScriptedBackend web(ScriptedBackend::answering("web"));
  const RawSocket other(*net::listen_on(*net::SocketAddress::parse("0.0.0.0:80")));
  RunningProxy proxy({unit_at("240.96.1.7", 80, contract::Protocol::http, web.port())}, {}, {},
                     kRanges);
  CHECK(get(pod, "240.96.1.7", 80) == "200 web");
  CHECK(get(pod, "240.96.1.8", 80) == "refused");
  CHECK(proxy.metric("smic_listeners_unbound") == 0);
  CHECK(proxy.metric("smic_mesh_range{range=\"240.0.0.0/7\",traffic=\"steered\"}") == 1);
}

TEST_CASE("one proxy after another takes over, and no connection or datagram is lost",
          "[steering]") {
  become_a_node();
  Pod pod(1), asker(2);
  ScriptedBackend web(ScriptedBackend::answering("web"));
  DatagramBackend names(DatagramBackend::saying("names"));
  const std::vector<TestUnit> units{
      unit_at("240.96.1.7", 80, contract::Protocol::http, web.port()),
      unit_at("240.96.0.10", 53, contract::Protocol::udp, names.port())};
  auto current =
      std::make_unique<RunningProxy>(units, proxy::Options(), std::vector<TestPod>(), kRanges);
  Load connections(pod, [] {
    RawSocket socket = RawSocket::connect("240.96.1.7", 80);
    return socket.open() && socket.send(request("/", "Connection: close\r\n")) &&
           socket.receive_response().body == "web";
  });
  std::optional<DatagramSocket> socket;
  Load datagrams(asker, [&] {
    if (!socket) socket.emplace("240.96.0.10", 53, asker.address());
    return socket->send("q") && socket->receive(std::chrono::seconds(2)) == "names: q";
  });
  for (int handover = 0; handover < 4; ++handover) {
    connections.wait_for_more(100);
    datagrams.wait_for_more(100);
    auto next =
        std::make_unique<RunningProxy>(units, proxy::Options(), std::vector<TestPod>(), kRanges);
    CHECK((*current)->drain(std::chrono::seconds(20)));
    current = std::move(next);
  }
  connections.wait_for_more(100);
  datagrams.wait_for_more(100);
  connections.stop();
  datagrams.stop();
  CHECK(connections.bad == 0);
  CHECK(datagrams.bad == 0);
  current.reset();
  CHECK(steer::netlink::ours()->empty());
}

TEST_CASE("a connection that is open outlives the steering, until the proxy ends", "[steering]") {
  become_a_node();
  Pod pod(1);
  ScriptedBackend web(ScriptedBackend::answering("web"));
  RunningProxy proxy({unit_at("240.96.1.7", 80, contract::Protocol::http, web.port())}, {}, {},
                     kRanges);
  RawSocket client;
  pod.run([&] { client = RawSocket::connect("240.96.1.7", 80); });
  REQUIRE(client.send("GET / HTTP/1.1\r\n"));
  bool drained = false;
  std::thread drain([&] { drained = proxy->drain(std::chrono::seconds(20)); });
  CHECK(eventually([&] { return get(pod, "240.96.1.7", 80) == "refused"; }));
  CHECK(client.send("Host: web\r\n\r\n"));
  CHECK(client.receive_response().body == "web");
  drain.join();
  CHECK(drained);
}
