// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "compiler/resources/resources.h"
#include "controller/kube/watched_kinds.h"
#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::kube;
using test::bookmark;
using test::event;
using test::failure;
using test::list_of;

namespace {

const Shape kShape{"v1", "Service", {"metadata.labels", "spec.ports.port", "spec.type"}};

Shape shape_of(const std::string& kind) {
  for (const WatchedKind& each : watched_kinds()) {
    if (each.kind != kind) continue;
    const std::string& version = each.versions.front();
    return {each.group.empty() ? version : each.group + '/' + version, kind, each.keep};
  }
  FAIL("there is no kind " << kind);
  std::abort();
}

std::string shrunk(const std::string& json, const Shape& shape) {
  const auto page = read_page(list_of("1", {json}), shape);
  INFO((page ? "" : page.error().message));
  REQUIRE(page.has_value());
  REQUIRE(page->objects.size() == 1);
  return page->objects[0].text;
}

}  // namespace

TEST_CASE("an object keeps what identifies it and what is asked for, and nothing else") {
  const std::string text = shrunk(
      R"({"metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7",
          "labels":{"app":"web"},"annotations":{"a":"b"},"managedFields":[{"manager":"x"}]},
          "spec":{"ports":[{"port":80,"nodePort":30000},{"port":81}],"type":"ClusterIP",
          "sessionAffinity":"None"},"status":{"loadBalancer":{}}})",
      kShape);
  CHECK(text ==
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop",)"
        R"("uid":"u","labels":{"app":"web"}},"spec":{"ports":[{"port":80},{"port":81}],)"
        R"("type":"ClusterIP"}})");
}

TEST_CASE("heartbeats of a Pod and of a slice do not change their text") {
  const auto pod = [](const std::string& time) {
    return shrunk(R"({"metadata":{"name":"p","resourceVersion":")" + time +
                      R"("},"status":{"conditions":[{"type":"Ready","status":"True",)"
                      R"("lastProbeTime":")" +
                      time + "\"}]}}",
                  shape_of("Pod"));
  };
  CHECK(pod("1") == pod("2"));
  const auto slice = [](const std::string& time) {
    return shrunk(R"({"metadata":{"name":"s","annotations":{)"
                  R"("endpoints.kubernetes.io/last-change-trigger-time":")" +
                      time + "\"}}}",
                  shape_of("EndpointSlice"));
  };
  CHECK(slice("1") == slice("2"));
}

TEST_CASE("what is kept of every kind is what compiler/resources reads of it") {
  const std::string pod = shrunk(
      R"({"metadata":{"name":"web-1","namespace":"shop","labels":{"app":"web"}},
          "spec":{"serviceAccountName":"web","nodeName":"n1","hostNetwork":true,
          "containers":[{"name":"c","image":"i","ports":[{"name":"http","containerPort":80}]}]},
          "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}],
          "conditions":[{"type":"Ready","status":"False"}]}})",
      shape_of("Pod"));
  const std::string slice = shrunk(
      R"({"metadata":{"name":"web-x","namespace":"shop",
          "labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4",
          "endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":false},"nodeName":"n1",
          "targetRef":{"kind":"Pod","name":"web-1"}}],"ports":[{"name":"http","port":80}]})",
      shape_of("EndpointSlice"));
  const std::string split = shrunk(
      R"({"metadata":{"name":"s","namespace":"shop"},"spec":{"service":"web",
          "backends":[{"service":"web","weight":1}]},"status":{"x":1}})",
      shape_of("TrafficSplit"));
  Sources sources;
  for (const std::string& text : {pod, slice, split}) sources.add("x.json", text);
  Diagnostics diagnostics(sources);
  const resources::Set set = resources::decode(sources, diagnostics);
  CHECK(diagnostics.empty());
  REQUIRE((set.pods.size() == 1 && set.endpoint_slices.size() == 1));
  const resources::Pod& read = set.pods[0];
  CHECK((read.shape.service_account == "web" && read.node == "n1" && read.shape.host_network));
  CHECK((read.ips.size() == 1 && !read.ready && read.running));
  CHECK((read.shape.ports.size() == 1 && read.shape.ports[0].name == "http"));
  const resources::EndpointSlice& endpoints = set.endpoint_slices[0];
  CHECK((endpoints.service == "web" && endpoints.ports.size() == 1));
  CHECK((endpoints.endpoints[0].pod == "web-1" && !endpoints.endpoints[0].ready));
  CHECK(set.traffic_splits.size() == 1);
}

TEST_CASE("a list that the API writes as null stays null") {
  const std::string slice =
      shrunk(R"({"metadata":{"name":"s"},"endpoints":null,"ports":[{"name":null}]})",
             shape_of("EndpointSlice"));
  CHECK(slice.contains(R"("endpoints":null)"));
  CHECK(slice.contains(R"("ports":[{"name":null}])"));
}

TEST_CASE("texts that JSON lets stand and manifests do not are escaped") {
  const std::string text =
      shrunk("{\"metadata\":{\"name\":\"w\",\"labels\":{\"a\":\"x\x7Fy\\u0001\"}}}", kShape);
  CHECK(text.contains("x\\u007fy\\u0001"));
}

TEST_CASE("what kubectl remembers of an object is not kept") {
  const Shape shape{"v1", "Service", {"metadata.annotations"}};
  CHECK_FALSE(shrunk(R"({"metadata":{"name":"w","annotations":{
                         "kubectl.kubernetes.io/last-applied-configuration":"big","a":"b"}}})",
                     shape)
                  .contains("big"));
}

TEST_CASE("a page tells where it is and where it goes on") {
  const auto page = read_page(list_of("42", {}, "token"), kShape);
  REQUIRE(page.has_value());
  CHECK((page->version == "42" && page->next == "token" && page->objects.empty()));
}

TEST_CASE("events are told apart") {
  const std::string object = test::thing("web", "7", "x");
  CHECK(read_event(event("ADDED", object), kShape)->type == Event::Type::put);
  CHECK(read_event(event("MODIFIED", object), kShape)->object.version == "7");
  CHECK(read_event(event("DELETED", object), kShape)->type == Event::Type::removed);
  const auto mark = read_event(bookmark("9"), kShape);
  CHECK((mark->type == Event::Type::bookmark && mark->object.version == "9"));
  const auto error = read_event(event("ERROR", failure(410, "Expired", "too old")), kShape);
  REQUIRE_FALSE(error.has_value());
  CHECK((error.error().fault == Fault::expired && error.error().message == "too old"));
}

TEST_CASE("an answer that is none is unreadable") {
  for (const std::string text :
       {"", "{", "[]", "null", R"({"type":"ADDED"})", R"({"type":"ADDED","object":{}})",
        R"({"type":"NEW","object":{"metadata":{"name":"a","resourceVersion":"1"}}})",
        R"({"type":"ADDED","object":{"metadata":{"name":"a"}}})",
        R"({"type":"BOOKMARK","object":{}})"}) {
    const auto read = read_event(text, kShape);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().fault == Fault::unreadable);
  }
  for (const std::string text : {"", "{}", R"({"metadata":{},"items":[]})",
                                 R"({"metadata":{"resourceVersion":"1"},"items":[{}]})",
                                 R"({"metadata":{"resourceVersion":"1"},"items":{}})"}) {
    CHECK(read_page(text, kShape).error().fault == Fault::unreadable);
  }
  CHECK(read_event(std::string(100'000, '['), kShape).error().fault == Fault::unreadable);
}

TEST_CASE("a refusal says what to do about it") {
  const ApiError conflict =
      read_failure(409, R"({"kind":"Status","code":409,"reason":"Conflict","message":"Apply failed",
               "details":{"causes":[{"reason":"FieldManagerConflict",
               "message":"conflict with \"kubectl\"","field":".spec.weight"}]}})");
  CHECK(conflict.fault == Fault::conflict);
  CHECK(conflict.told() == "Apply failed; .spec.weight: conflict with \"kubectl\"");

  const ApiError busy = read_failure(
      429, R"({"kind":"Status","code":429,"reason":"TooManyRequests","message":"storage is
               (re)initializing","details":{"retryAfterSeconds":1}})");
  CHECK_FALSE(busy.retry_after.has_value());  // a raw line end is no JSON: read as any text
  const ApiError throttled = read_failure(
      429, R"({"kind":"Status","code":429,"message":"m","details":{"retryAfterSeconds":1}})");
  CHECK((throttled.fault == Fault::throttled && throttled.retry_after == std::chrono::seconds(1)));

  CHECK(read_failure(403, "").told().contains("deploy/rbac"));
  CHECK(read_failure(502, "<html>bad\ngateway").told() == "HTTP 502: <html>bad");
  CHECK(read_failure(422, "").fault == Fault::refused);
  CHECK(read_failure(503, "").fault == Fault::unavailable);
}
