// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/resources/value.h"
#include "tests/unit/traffic/traffic_of.h"

using namespace smic;
using namespace smic::traffic;
using namespace std::chrono_literals;
using resources::Value;
using test::counts_of;
using test::edge;

namespace {

const Time kNow = Time(1h);

// Two Deployments with a label each, and whatever a test adds.
class FakeObjects final : public Objects {
 public:
  Result<std::vector<ObjectName>> list(const MeasuredResource& resource, const std::string& ns,
                                       const std::string& selector) override {
    if (down) return fail("no API");
    asked = std::string(resource.plural) + "|" + ns + "|" + selector;
    std::vector<ObjectName> found;
    for (const ObjectName& each : names) {
      if (ns.empty() || each.ns == ns) found.push_back(each);
    }
    return found;
  }
  Result<bool> exists(const MeasuredResource&, const ObjectName& name) override {
    if (down) return fail("no API");
    return std::ranges::find(names, name) != names.end();
  }

  std::vector<ObjectName> names{{"shop", "web"}, {"shop", "api"}, {"other", "web"}};
  std::string asked;
  bool down = false;
};

struct Api {
  Api() {
    for (const char* end : {"x", "y"}) {
      pods.put("Pod", test::pod("shop", "web", end, "n1"));
      pods.put("Pod", test::pod("shop", "api", end, "n2"));
    }
    pods.put("TrafficSplit",
             test::object("shop", "s",
                          R"(},"spec":{"service":"web","backends":[{"service":"v1","weight":9},)"
                          R"({"service":"v2.shop.svc","weight":1}]})"));
    window.add(
        "p",
        test::report_of(
            {{edge("shop/web-5d4-x", "shop/api-5d4-x"), counts_of(98, 2, 20'000)},
             {edge("shop/web-5d4-x", "shop/1", "shop/web", "shop/s", "shop/v1"), counts_of(9, 0)}}),
        kNow - 10s);
    measuring.now = [] { return kNow; };
    measuring.date = [] { return std::chrono::system_clock::time_point(1714557600s); };
    measuring.not_ready = [this] { return why; };
  }

  api::Response ask(const std::string& path, const std::string& query = "") {
    api::Request request;
    request.path = path;
    request.query = query;
    return answer_metrics(measuring, request);
  }
  Value get(const std::string& path, const std::string& query = "") {
    const auto response = ask("/apis/metrics.smi-spec.io/v1alpha1" + path, query);
    INFO(response.body);
    REQUIRE(response.status == 200);
    return *resources::value_of_json(response.body);
  }

  Window window{kNow - 1min};
  Pods pods;
  FakeObjects objects;
  std::string why;
  Measuring measuring{pods, objects, [this](const Measuring::Look& look) { look(window); },
                      [] { return std::string(); }};
};

std::string metric(const Value& item, std::string_view name) {
  for (const Value& each : *item.find("metrics")->as<Value::List>()) {
    if (each.text("name") == name) return each.text("value") + each.text("unit");
  }
  return "none";
}

const Value::List& items(const Value& list) { return *list.find("items")->as<Value::List>(); }

}  // namespace

TEST_CASE("discovery names the group, both versions and eleven resources") {
  Api api;
  CHECK(api.ask("/apis").body.find(R"("kind":"APIGroupList")") != std::string::npos);
  const auto group = resources::value_of_json(api.ask("/apis/metrics.smi-spec.io/").body);
  REQUIRE(group);
  CHECK(group->find("preferredVersion")->text("version") == "v1alpha1");
  for (const char* version : {"v1alpha1", "v1alpha2"}) {
    const std::string path = std::string("/apis/metrics.smi-spec.io/") + version;
    const auto list = resources::value_of_json(api.ask(path).body);
    REQUIRE(list);
    CHECK(list->text("groupVersion") == std::string("metrics.smi-spec.io/") + version);
    CHECK(list->find("resources")->as<Value::List>()->size() == 11);
    CHECK(api.ask(path + "/").body == api.ask(path).body);
  }
  CHECK(api.ask("/apis/metrics.smi-spec.io/v1beta1").status == 404);
  CHECK(api.ask("/apis/other").status == 404);
}

TEST_CASE("one object's metrics are those of what it received") {
  Api api;
  const Value item = api.get("/namespaces/shop/deployments/api");
  CHECK(print_json(item).starts_with(
      R"({"kind":"TrafficMetrics","apiVersion":"metrics.smi-spec.io/v1alpha1","metadata":)"
      R"({"name":"api","namespace":"shop","selfLink":"/apis/metrics.smi-spec.io/v1alpha1/)"
      R"(namespaces/shop/deployments/api","creationTimestamp":"2024-05-01T10:00:00Z"},)"
      R"("timestamp":"2024-05-01T10:00:00Z","window":"30s","resource":{"kind":"Deployment",)"
      R"("namespace":"shop","name":"api"},"edge":{"direction":"from","side":"client",)"
      R"("resource":{}},"metrics":[{"name":"p99_response_latency","unit":"seconds","value":")"));
  CHECK(metric(item, "success_count") == "98");
  CHECK(metric(item, "failure_count") == "2");
  CHECK(metric(item, "p50_response_latency") == "18mseconds");  // of 16.4 to 20.5
}

TEST_CASE("the window is what was asked for, and nothing else is in it") {
  Api api;
  CHECK(metric(api.get("/namespaces/shop/deployments/api", "t=5s"), "success_count") == "0");
  const Value item = api.get("/namespaces/shop/deployments/api", "t=1m30s");
  CHECK(item.text("window") == "1m30s");
  CHECK(metric(item, "success_count") == "98");
  CHECK(api.get("/namespaces/shop/deployments/api", "t=soon").text("window") == "30s");
  CHECK(api.get("/namespaces/shop/deployments/api", "t=24h").text("window") == "15m0s");
}

TEST_CASE("milliseconds may be asked for, for tools that expect them") {
  Api api;
  api.measuring.unit = [] { return LatencyUnit::milliseconds; };
  CHECK(metric(api.get("/namespaces/shop/deployments/api"), "p50_response_latency") == "18432mms");
}

TEST_CASE("lists have every object there is, with zeros where there was nothing") {
  Api api;
  const Value list = api.get("/namespaces/shop/deployments/", "labelSelector=app%3Dx");
  CHECK(api.objects.asked == "deployments|shop|app=x");
  CHECK(list.text("kind") == "TrafficMetricsList");
  CHECK(list.text("selector") == "app=x");
  REQUIRE(items(list).size() == 2);
  CHECK(metric(items(list)[0], "success_count") == "98");
  CHECK(items(list)[1].find("metadata")->text("name") == "web");
  CHECK(metric(items(list)[1], "p99_response_latency") == "0seconds");
  CHECK(items(api.get("/deployments")).size() == 3);
  CHECK(api.objects.asked == "deployments||");
  api.objects.names.clear();
  CHECK(print_json(api.get("/deployments")).find(R"("items":[])") != std::string::npos);
}

TEST_CASE("edges are the object's own, and `namespaces/x/edges` are those of a namespace") {
  Api api;
  const Value edges = api.get("/namespaces/shop/deployments/api/edges");
  REQUIRE(items(edges).size() == 1);
  CHECK(print_json(*items(edges)[0].find("edge")) ==
        R"({"direction":"from","side":"client","resource":)"
        R"({"kind":"Deployment","namespace":"shop","name":"web"}})");
  api.objects.names = {{"", "shop"}};
  const Value of_namespace = api.get("/namespaces/shop/edges");
  CHECK(of_namespace.find("resource")->text("kind") == "Namespace");
  CHECK(items(of_namespace).size() == 2);
  CHECK(api.get("/namespaces/shop").find("resource")->text("kind") == "Namespace");
}

TEST_CASE("a split has an item for each backend it lists") {
  Api api;
  api.objects.names = {{"shop", "s"}};
  for (const char* path : {"/namespaces/shop/trafficsplits/s", "/namespaces/shop/trafficsplits"}) {
    const Value list = api.get(path);
    CHECK(list.text("kind") == "TrafficMetricsList");
    REQUIRE(items(list).size() == 2);
    CHECK(print_json(*items(list)[0].find("backend")) ==
          R"({"apex":"web","name":"v1","weight":9})");
    CHECK(metric(items(list)[0], "success_count") == "9");
    CHECK(print_json(*items(list)[1].find("backend")) ==
          R"({"apex":"web","name":"v2","weight":1})");
    CHECK(metric(items(list)[1], "success_count") == "0");
  }
}

TEST_CASE("what is unknown is not found, and what cannot be known is unavailable") {
  Api api;
  const std::string root = "/apis/metrics.smi-spec.io/v1alpha1";
  CHECK(api.ask(root + "/namespaces/shop/deployments/gone").status == 404);
  CHECK(api.ask(root + "/namespaces/shop/widgets").status == 404);
  CHECK(api.ask(root + "/deployments/web").status == 404);
  CHECK(api.ask(root + "/namespaces/shop/nodes").status == 404);
  CHECK(api.ask(root + "/namespaces/shop/deployments/web/other").status == 404);
  api.objects.down = true;
  CHECK(api.ask(root + "/deployments").status == 503);
  api.objects.down = false;
  api.why = "no proxy answers";
  const auto response = api.ask(root + "/deployments");
  CHECK(response.status == 503);
  CHECK(response.body.find("no proxy answers") != std::string::npos);
  CHECK(api.ask(root).status == 200);  // discovery goes on
}

TEST_CASE("only the API server is answered") {
  Api api;
  std::vector<std::string> allowed{"front-proxy"};
  api.measuring.allowed_names = [&] { return allowed; };
  const auto routes = metrics_routes(api.measuring);
  const auto ask = [&](std::optional<api::ClientCertificate> client) {
    api::Request request;
    request.path = "/apis/metrics.smi-spec.io/v1alpha1";
    request.client = std::move(client);
    return api::find_route(routes, request.path, true)->handle(request).status;
  };
  CHECK(ask(std::nullopt) == 401);
  CHECK(ask(api::ClientCertificate{"mesh", "front-proxy", {}}) == 401);
  CHECK(ask(api::ClientCertificate{"request-header", "other", {}}) == 401);
  CHECK(ask(api::ClientCertificate{"request-header", "front-proxy", {}}) == 200);
  allowed.clear();
  CHECK(ask(api::ClientCertificate{"request-header", "other", {}}) == 200);
}

TEST_CASE("durations are read and written as Go does") {
  const auto millis = [](const char* text) {
    const auto duration = parse_duration(text);
    return duration ? duration->count() : -1;
  };
  CHECK(millis("30s") == 30'000);
  CHECK(millis("1h2m3.5s") == 3'723'500);
  CHECK(millis("1.5m") == 90'000);
  CHECK(millis("100ms") == 100);
  for (const char* bad : {"", "s", "1", "0s", "-1s", "1x", "1e3s", "99999999999h", "1..2s"}) {
    INFO(bad);
    CHECK(millis(bad) == -1);
  }
  CHECK(print_duration(30s) == "30s");
  CHECK(print_duration(90s) == "1m30s");
  CHECK(print_duration(1h) == "1h0m0s");
  CHECK(print_duration(1500ms) == "1.5s");
  CHECK(print_duration(10ms) == "10ms");
}

TEST_CASE("quantities have milli precision and their canonical form") {
  CHECK(milli_quantity(0) == "0");
  CHECK(milli_quantity(294) == "294");
  CHECK(milli_quantity(28.58) == "28580m");
  CHECK(milli_quantity(0.0105) == "10m");
}
