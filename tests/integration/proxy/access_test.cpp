// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstring>

#include "tests/integration/proxy/running_proxy.h"

using namespace smic::test;
using namespace smic::contract;

namespace {

// Class 1 may reach destination 0, on paths that begin with /open and with GET alone.
void only_class_one(const RequestView* view, Verdict* verdict) {
  *verdict = {};
  const bool path = view->path.size >= 5 && std::memcmp(view->path.data, "/open", 5) == 0;
  const bool get = view->method == static_cast<std::uint32_t>(Method::kGet);
  if (view->source_class == 1 && path && get) verdict->allowed[0] = 1;
}

// Allows what has exactly two lines of slot 0, a host in slot 1 and joined cookies in slot 2.
void by_headers(const RequestView* view, Verdict* verdict) {
  *verdict = {};
  const auto is = [](Slice slice, const char* text) {
    return slice.size == std::strlen(text) && std::memcmp(slice.data, text, slice.size) == 0;
  };
  const HeaderSlot* slots = view->headers;
  if (slots[0].count == 2 && is(slots[0].lines[0], "a") && is(slots[0].lines[1], "b") &&
      slots[1].count == 1 && is(slots[1].lines[0], "web.shop.mesh") && slots[2].count == 1 &&
      is(slots[2].lines[0], "x=1; y=2") && slots[3].count == 0) {
    verdict->allowed[0] = 1;
  }
}

// Allows what is a PURGE by the text of its method.
void only_purge(const RequestView* view, Verdict* verdict) {
  *verdict = {};
  const HeaderSlot& method = view->headers[0];
  if (view->method == static_cast<std::uint32_t>(Method::kOther) && method.count == 1 &&
      method.lines[0].size == 5 && std::memcmp(method.lines[0].data, "PURGE", 5) == 0) {
    verdict->allowed[0] = 1;
  }
}

std::uint32_t one_in_two(std::uint32_t, std::uint64_t entropy) { return entropy >> 63 ? 1 : 0; }

struct Guarded {
  Guarded() : backend(ScriptedBackend::answering("in")) {
    TestUnit unit = unit_to(backend.port());
    unit.access = AccessMode::enforce;
    unit.program = program_of(only_class_one, nullptr);
    unit.sources = {{"shop/friend", 1}};
    proxy.emplace(
        std::vector{unit}, smic::proxy::Options{},
        std::vector<TestPod>{{"127.0.0.11", "shop/friend"}, {"127.0.0.12", "shop/other"}});
  }
  ScriptedBackend backend;
  std::optional<RunningProxy> proxy;
};

}  // namespace

TEST_CASE("who owns the source address is allowed, others are denied with the reason") {
  Guarded mesh;
  CHECK(mesh.proxy->get("/open", "", "127.0.0.11").body == "in");
  const Message other = mesh.proxy->get("/open", "", "127.0.0.12");
  CHECK(other.status() == 403);
  CHECK(other.header("smic-reason") ==
        std::string("denied; mode=enforce; route=\"TrafficSplit shop/canary\"; no TrafficTarget "
                    "allows shop/other to shop/app"));
  CHECK(other.body.find("no TrafficTarget allows shop/other to shop/app") != std::string::npos);
  const Message stranger = mesh.proxy->get("/open");
  CHECK(stranger.status() == 403);
  CHECK(stranger.header("smic-reason")->find("the unknown source 127.0.0.1 to shop/app") !=
        std::string::npos);
}

TEST_CASE("no header makes a caller somebody else") {
  Guarded mesh;
  const Message forged = mesh.proxy->get(
      "/open",
      "X-Forwarded-For: 127.0.0.11\r\nForwarded: for=127.0.0.11\r\nX-Real-Ip: 127.0.0.11\r\n");
  CHECK(forged.status() == 403);
}

TEST_CASE("rules see the normalised path and the method") {
  Guarded mesh;
  const auto status = [&](const char* path) {
    return mesh.proxy->get(path, "", "127.0.0.11").status();
  };
  CHECK(status("/x/../open") == 200);
  CHECK(status("/%6fpen?x") == 200);
  CHECK(status("/open/../shut") == 403);
  CHECK(status("/open/%2e%2e/shut") == 403);
  CHECK(status("/open%00") == 400);
  CHECK(status("/open%zz") == 400);
  RawSocket client = mesh.proxy->client("127.0.0.11");
  client.send(request("/open", "Content-Length: 2\r\n", "POST") + "hi" + request("/open"));
  CHECK(client.receive_response().status() == 403);
  CHECK(client.receive_response().status() == 200);  // the denied body was read over
}

TEST_CASE("header slots are filled with every line, the authority, and joined cookies") {
  ScriptedBackend backend(ScriptedBackend::answering("in"));
  TestUnit unit = unit_to(backend.port());
  unit.access = AccessMode::enforce;
  unit.program = program_of(by_headers, nullptr, {"x-list", "host", "cookie", "x-absent"});
  RunningProxy proxy({unit});
  const char* right = "X-List: a\r\ncookie: x=1\r\nx-LIST:  b \r\nCookie: y=2\r\n";
  CHECK(proxy.get("/", right).status() == 200);
  CHECK(proxy.get("/", std::string(right) + "X-Absent:\r\n").status() == 403);
  CHECK(proxy.get("/", "X-List: a\r\nCookie: x=1; y=2\r\n").status() == 403);
}

TEST_CASE("a method that has no number is told by its text, which no header can say") {
  ScriptedBackend backend(ScriptedBackend::answering("in"));
  TestUnit unit = unit_to(backend.port());
  unit.access = AccessMode::enforce;
  unit.program = program_of(only_purge, nullptr, {kMethodHeader});
  RunningProxy proxy({unit});
  const auto status = [&](const std::string& method, const std::string& headers = "") {
    RawSocket client = proxy.client();
    client.send(request("/", headers, method));
    return client.receive_response().status();
  };
  CHECK(status("PURGE") == 200);
  CHECK(status("purge") == 403);
  CHECK(status("PURGED") == 403);
  CHECK(status("GET", "method: PURGE\r\n") == 403);
  CHECK(status("GET", ":method: PURGE\r\n") == 400);
}

TEST_CASE("a change of identities holds from the next request of a connection on") {
  Guarded mesh;
  RawSocket client = mesh.proxy->client("127.0.0.12");
  client.send(request("/open"));
  CHECK(client.receive_response().status() == 403);
  REQUIRE(mesh.proxy->apply(mesh.proxy->units, {{"127.0.0.12", "shop/friend"}}).has_value());
  client.send(request("/open"));
  CHECK(client.receive_response().status() == 200);
  REQUIRE(mesh.proxy->apply(mesh.proxy->units, {}).has_value());
  client.send(request("/open"));
  CHECK(client.receive_response().status() == 403);
}

TEST_CASE("the share of a backend without endpoints goes to those with weight, never to zero") {
  ScriptedBackend v1(ScriptedBackend::answering("v1"));
  ScriptedBackend v3(ScriptedBackend::answering("v3"));
  TestUnit unit = unit_to(v1.port());
  unit.backends = {{"shop/v1", 1, {v1.port()}}, {"shop/v2", 8, {}}, {"shop/v3", 0, {v3.port()}}};
  RunningProxy proxy({unit});
  for (int i = 0; i < 20; ++i) CHECK(proxy.get().body == "v1");
  unit.backends[0].ports.clear();
  REQUIRE(proxy.apply({unit}).has_value());
  const Message none = proxy.get();
  CHECK(none.status() == 503);
  CHECK(none.header("smic-reason")->starts_with("unavailable; route=\"TrafficSplit shop/canary\""));
}

TEST_CASE("with strict shares a backend without endpoints answers 503 for its own, with the line") {
  ScriptedBackend v1(ScriptedBackend::answering("v1"));
  TestUnit unit = unit_to(v1.port());
  unit.backends = {{"shop/v1", 1, {v1.port()}}, {"shop/v2", 1, {}}};
  unit.program = program_of(nullptr, one_in_two);
  unit.policy.split_shares = {SplitShares::strict, {"Service shop/web", "shop.yaml", 7}};
  smic::proxy::Options options;
  options.workers = 1;
  options.admin_address = "127.0.0.1:0";
  RunningProxy proxy({unit}, options);
  int served = 0, refused = 0;
  for (int i = 0; i < 20; ++i) {
    const Message response = proxy.get();
    if (response.status() == 200) {
      ++served;
      continue;
    }
    ++refused;
    CHECK(response.status() == 503);
    CHECK(response.header("smic-reason") ==
          std::string("unavailable; route=\"TrafficSplit shop/canary\"; shop/v2 has no ready "
                      "endpoint; split-shares; policy=\"Service shop/web (shop.yaml:7)\""));
  }
  CHECK(served == 10);
  CHECK(refused == 10);
  const std::string port = std::to_string(proxy.units[0].port);
  CHECK(proxy.metric("smic_policy_acts_total{source=\"unknown\",destination=\"shop/web:" + port +
                     "\",route=\"TrafficSplit shop/canary\",backend=\"shop/v2:" + port +
                     "\",policy=\"split-shares\"}") == 10);
  CHECK(proxy.metric("smic_requests_unavailable_total") == 10);
  unit.policy = {};  // the others take it
  REQUIRE(proxy.apply({unit}).has_value());
  for (int i = 0; i < 20; ++i) CHECK(proxy.get().body == "v1");
}
