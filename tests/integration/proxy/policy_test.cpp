// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic;
using namespace smic::test;
using std::chrono::milliseconds;

namespace {

const contract::Origin kOrigin{"Service shop/web", "shop.yaml", 7};
const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

template <class T>
contract::Optional<T> set_to(T value) {
  return contract::Setting<T>{std::move(value), kOrigin};
}

contract::Optional<contract::BreakerExpression> breaker(std::string_view text) {
  return set_to(*contract::BreakerExpression::parse(text));
}

TestUnit unit_with(contract::RoutePolicy policy, std::vector<std::uint16_t> ports) {
  TestUnit unit = unit_to(ports.front());
  unit.backends[0].ports = std::move(ports);
  unit.policy = std::move(policy);
  return unit;
}

bool reason_has(const Message& message, const std::string& part) {
  const auto reason = message.header("smic-reason");
  return reason && reason->find(part) != std::string::npos;
}

// The first response that is not 200, and how many were.
std::pair<int, Message> until_refused(const RunningProxy& proxy, const std::string& from = "") {
  for (int passed = 0; passed < 1000; ++passed) {
    Message response = proxy.get("/", "", from);
    if (response.status() != 200) return {passed, response};
  }
  return {1000, {}};
}

// Closes the first `count` connections after their request, then answers.
ScriptedBackend::Script failing_first(std::atomic<int>& requests, int count) {
  return [&requests, count](RawSocket& socket) {
    while (socket.receive_request().complete) {
      if (requests++ < count) return;
      socket.send(kOk);
    }
  };
}

double acts(const RunningProxy& proxy, const std::string& policy) {
  const std::string unit = "shop/web:" + std::to_string(proxy.units[0].port);
  return proxy.metric("smic_policy_acts_total{source=\"unknown\",destination=\"" + unit +
                      "\",route=\"TrafficSplit shop/canary\",backend=\"" + unit + "\",policy=\"" +
                      policy + "\"}");
}

proxy::Options with_admin(unsigned workers = 2) {
  proxy::Options options;
  options.workers = workers;
  options.admin_address = "127.0.0.1:0";
  return options;
}

}  // namespace

TEST_CASE("beyond its burst a caller gets 429 and when to come again, others are served") {
  ScriptedBackend backend(ScriptedBackend::answering("ok"));
  const contract::RoutePolicy policy{
      .rate_limit = set_to(contract::RateLimit{1, 20, contract::RateScope::source})};
  RunningProxy proxy({unit_with(policy, {backend.port()})}, with_admin(4));
  const auto [passed, refused] = until_refused(proxy);
  CHECK(passed >= 20);
  CHECK(passed < 1000);
  CHECK(refused.status() == 429);
  CHECK(refused.header("retry-after") == "1");
  CHECK(reason_has(refused, "rate-limit; policy=\"Service shop/web (shop.yaml:7)\""));
  CHECK(until_refused(proxy, "127.0.0.9").first >= 20);
  CHECK(acts(proxy, "rate-limit") == 2);
}

TEST_CASE("a limit for the whole service is one for all callers, and refusing keeps connections") {
  ScriptedBackend backend(ScriptedBackend::answering("ok"));
  const contract::RoutePolicy policy{
      .rate_limit = set_to(contract::RateLimit{1, 5, contract::RateScope::service})};
  RunningProxy proxy({unit_with(policy, {backend.port()})});
  RawSocket client = proxy.client("127.0.0.9");
  int status = 200;
  for (int i = 0; i < 1000 && status == 200; ++i) {
    client.send(request());
    status = client.receive_response().status();
  }
  CHECK(status == 429);
  client.send(request());
  CHECK(client.receive_response().status() != 0);
}

TEST_CASE("a request's own timeout replaces the proxy's, and says so") {
  ScriptedBackend silent([](RawSocket& socket) { socket.receive_all(); });
  RunningProxy proxy({unit_with({.request_timeout = set_to(milliseconds(150))}, {silent.port()})},
                     with_admin());
  const Message late = proxy.get();
  CHECK(late.status() == 504);
  CHECK(reason_has(late, "request-timeout; policy=\"Service shop/web (shop.yaml:7)\""));
  CHECK(reason_has(late, "150ms"));
  CHECK(acts(proxy, "request-timeout") == 1);

  std::atomic<bool> asked = false;
  ScriptedBackend slow([&](RawSocket& socket) {
    socket.receive_request();
    asked = true;
    std::this_thread::sleep_for(milliseconds(400));
    socket.send(kOk);
  });
  proxy::Options impatient;
  impatient.response_timeout = milliseconds(100);
  RunningProxy patient(
      {unit_with({.request_timeout = set_to(milliseconds(20'000))}, {slow.port()})}, impatient);
  CHECK(patient.get().status() == 200);
  CHECK(asked);
}

TEST_CASE("a request that got no answer is sent again, as often as the policy says") {
  for (const int failures : {1, 2, 3}) {
    std::atomic<int> requests = 0;
    ScriptedBackend backend(failing_first(requests, failures));
    RunningProxy proxy({unit_with({.retry_attempts = set_to(3u)}, {backend.port()})}, with_admin());
    CHECK(proxy.get().status() == (failures < 3 ? 200 : 502));
    CHECK(requests == 3 - (failures < 2 ? 1 : 0));
    CHECK(acts(proxy, "retry-attempts") == std::min(failures, 2));
  }
}

TEST_CASE("what may have been done already is never sent again") {
  std::atomic<int> requests = 0;
  ScriptedBackend backend(failing_first(requests, 1000));
  RunningProxy proxy({unit_with({.retry_attempts = set_to(5u)}, {backend.port()})});
  const auto ask = [&](const std::string& text) {
    requests = 0;
    RawSocket client = proxy.client();
    client.send(text);
    return client.receive_response().status();
  };
  CHECK(ask(request("/", "Content-Length: 0\r\n", "POST")) == 502);
  CHECK(requests == 1);
  CHECK(ask(request("/", "Content-Length: 2\r\n", "PUT") + "hi") == 502);
  CHECK(requests == 1);

  std::atomic<int> begun = 0;
  ScriptedBackend breaking([&](RawSocket& socket) {
    socket.receive_request();
    ++begun;
    socket.send("HTTP/1.1 200 OK\r\nContent-Le");
  });
  RunningProxy half({unit_with({.retry_attempts = set_to(5u)}, {breaking.port()})});
  CHECK(half.get().status() == 502);
  CHECK(begun == 1);
}

TEST_CASE("a retry goes to another endpoint; one attempt is none") {
  ScriptedBackend backend(ScriptedBackend::answering("up"));
  const std::uint16_t dead = free_port();
  RunningProxy twice({unit_with({.retry_attempts = set_to(2u)}, {dead, backend.port()})});
  for (int i = 0; i < 10; ++i) CHECK(twice.get().body == "up");
  RunningProxy once({unit_with({.retry_attempts = set_to(1u)}, {dead, backend.port()})});
  int failed = 0;
  for (int i = 0; i < 10; ++i) failed += once.get().status() == 503;
  CHECK(failed > 0);
}

TEST_CASE("retries have a budget: when everything fails they do not multiply the traffic") {
  std::atomic<int> requests = 0;
  ScriptedBackend backend(failing_first(requests, 1'000'000));
  RunningProxy proxy({unit_with({.retry_attempts = set_to(10u)}, {backend.port()})});
  const auto began = std::chrono::steady_clock::now();
  constexpr int kAsked = 100;
  for (int i = 0; i < kAsked; ++i) CHECK(proxy.get().status() == 502);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began);
  CHECK(requests >= kAsked + kAsked / 5);
  CHECK(requests <= kAsked + kAsked / 5 + 10 + 10 * (seconds.count() + 1));
}

TEST_CASE(
    "a breaker that its service's answers opened refuses the next ones, also after a change") {
  std::atomic<int> requests = 0;
  ScriptedBackend backend([&](RawSocket& socket) {
    while (socket.receive_request().complete) {
      ++requests;
      socket.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    }
  });
  const contract::RoutePolicy policy{.circuit_breaker =
                                         breaker("ResponseCodeRatio(500, 600, 0, 600) > 0.5")};
  RunningProxy proxy({unit_with(policy, {backend.port()})}, with_admin());
  for (int i = 0; i < 5; ++i) CHECK(proxy.get().status() == 500);
  const Message refused = proxy.get();
  CHECK(refused.status() == 503);
  CHECK(refused.header("retry-after"));
  CHECK(reason_has(refused, "circuit-breaker; policy=\"Service shop/web (shop.yaml:7)\""));
  CHECK(reason_has(refused, "ResponseCodeRatio(500, 600, 0, 600) > 0.5"));
  CHECK(requests == 5);
  CHECK(acts(proxy, "circuit-breaker") == 1);

  std::vector<TestUnit> units = proxy.units;
  units[0].policy.retry_attempts = set_to(2u);
  REQUIRE(proxy.apply(units));
  CHECK(proxy.get().status() == 503);
  units[0].policy.circuit_breaker = breaker("NetworkErrorRatio() > 0.5");
  REQUIRE(proxy.apply(units));
  CHECK(proxy.get().status() == 500);
}

TEST_CASE("endpoints that cannot be reached are network errors, callers that go away are not") {
  RunningProxy dead(
      {unit_with({.circuit_breaker = breaker("NetworkErrorRatio() > 0.9")}, {free_port()})});
  for (int i = 0; i < 5; ++i) CHECK(reason_has(dead.get(), "Connection refused"));
  CHECK(reason_has(dead.get(), "circuit-breaker"));

  std::atomic<int> asked = 0;
  ScriptedBackend quiet([&](RawSocket& socket) {
    const Message got = socket.receive_request();
    ++asked;
    if (got.first_line.find("/answer") == std::string::npos) {
      socket.receive_all();
    } else {
      socket.send(kOk);
    }
  });
  RunningProxy proxy(
      {unit_with({.circuit_breaker = breaker("NetworkErrorRatio() > 0")}, {quiet.port()})});
  for (int i = 1; i <= 6; ++i) {
    RawSocket client = proxy.client();
    client.send(request());
    REQUIRE(eventually([&] { return asked == i; }));
  }
  for (int i = 0; i < 6; ++i) CHECK(proxy.get("/answer").status() == 200);
}

TEST_CASE("a connection on which nothing moves is closed after the unit's own idle time") {
  ScriptedBackend silent([](RawSocket& socket) { socket.receive_all(); });
  TestUnit unit = unit_with({.idle_timeout = set_to(milliseconds(150))}, {silent.port()});
  unit.protocol = contract::Protocol::tcp;
  RunningProxy proxy({unit});
  RawSocket client = proxy.client();
  client.send("hello");
  CHECK(client.receive_all().empty());
  CHECK_FALSE(client.timed_out());
}
