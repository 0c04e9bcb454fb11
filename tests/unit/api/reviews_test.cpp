// SPDX-License-Identifier: Apache-2.0
// Reviews as the API server sends them. What a conversion means is convert_test.cpp's business.
#include <catch2/catch.hpp>

#include "compiler/resources/value.h"
#include "controller/api/json_slices.h"
#include "controller/api/reviews.h"

using namespace smic;
using namespace smic::api;

namespace {

using Slices = std::vector<std::string_view>;

Request conversion(const std::string& version, const std::string& objects) {
  Request request;
  request.body = R"({"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":)"
                 R"({"uid":"u-1","desiredAPIVersion":")" +
                 version + R"(","objects":[)" + objects + "]}}";
  return request;
}

std::string split(const std::string& version, const std::string& backends,
                  const std::string& more = "") {
  return R"({"apiVersion":"split.smi-spec.io/)" + version +
         R"(","kind":"TrafficSplit","metadata":{"name":"s","namespace":"shop","uid":"7",)"
         R"("generation":3,"managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}]},)"
         R"("spec":{"service":"web","backends":[)" +
         backends + "]" + more + "}}";
}

// The `response` of an answer, and of that one member.
std::string told(const Response& response, std::string_view member) {
  const auto review = json_members(response.body);
  REQUIRE(review);
  const auto inner = json_members(find(*review, "response"));
  REQUIRE(inner);
  return std::string(find(*inner, member));
}

bool same_json(std::string_view a, std::string_view b) {
  const auto one = resources::value_of_json(a), other = resources::value_of_json(b);
  return one && other && *one == *other;
}

}  // namespace

TEST_CASE("a text is cut at its top level alone") {
  const auto members = json_members(R"( {"a" : {"b":[1,{"}":"]"}]} , "c\n":"x,\"y}" ,"d":-1e3} )");
  REQUIRE(members);
  CHECK(find(*members, "a") == R"({"b":[1,{"}":"]"}]})");
  CHECK(find(*members, "c\n") == R"("x,\"y}")");
  CHECK(find(*members, "d") == "-1e3");
  CHECK(json_items("[ ]") == Slices{});
  CHECK(json_items("[1, [2,3] ,{}]") == Slices{"1", "[2,3]", "{}"});
}

TEST_CASE("what is no JSON is not cut beyond its end") {
  for (const char* text :
       {"", "{", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{\"a\":\"",
        "{\"a\":\"\\", "{\"a\":1}x", "[", "[1", "[,]", "[1]]", "{1:2}", "{\"a\" 1}", "null"}) {
    INFO(text);
    CHECK_FALSE((json_members(text) || json_items(text)));
  }
}

TEST_CASE("objects come back in their order, in the version asked for, with all their metadata") {
  const std::string one = split("v1alpha1", R"({"service":"v1","weight":"90"})");
  const std::string other = split("v1alpha3", R"({"service":"v2","weight":1})");
  const Response response = convert(conversion("split.smi-spec.io/v1alpha4", one + "," + other));
  CHECK(response.status == 200);
  CHECK(told(response, "uid") == "\"u-1\"");
  CHECK(told(response, "result") == R"({"status":"Success"})");
  const std::string objects = told(response, "convertedObjects");
  const auto items = json_items(objects);
  REQUIRE(items);
  REQUIRE(items->size() == 2);
  CHECK(same_json((*items)[0], split("v1alpha4", R"({"service":"v1","weight":90})")));
  CHECK(same_json((*items)[1], split("v1alpha4", R"({"service":"v2","weight":1})")));
}

TEST_CASE("an object of no version that there is fails the review by its name") {
  const Response response = convert(conversion("split.smi-spec.io/v1beta1", split("v1alpha4", "")));
  CHECK(response.status == 200);
  CHECK(told(response, "convertedObjects") == "[]");
  CHECK(told(response, "result") ==
        R"({"status":"Failure","message":"shop/s: TrafficSplit has no version `v1beta1`"})");
}

TEST_CASE("an empty list is converted, and what is no review is refused") {
  CHECK(told(convert(conversion("split.smi-spec.io/v1alpha4", "")), "convertedObjects") == "[]");
  for (const char* text :
       {"", "[]", "{}", R"({"apiVersion":"apiextensions.k8s.io/v1beta1","request":{}})",
        R"({"apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"u","objects":[]}})"}) {
    Request request;
    request.body = text;
    CHECK(convert(request).status == 400);
  }
}

namespace {

Request admission(const std::string& object, const std::string& old_object = "null") {
  Request request;
  request.body = R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":)"
                 R"({"uid":"u-2","operation":"CREATE","namespace":"shop","object":)" +
                 object + R"(,"oldObject":)" + old_object + "}}";
  return request;
}

std::string group(const std::string& matches) {
  return R"({"apiVersion":"specs.smi-spec.io/v1alpha4","kind":"HTTPRouteGroup","metadata":)"
         R"({"name":"g","namespace":"shop"},"spec":{"matches":[)" +
         matches + "]}}";
}

// The refusal's message; empty if it is allowed.
std::string refusal(const std::string& object, const std::string& old_object = "null",
                    const model::Options& options = {}) {
  const Response response = validate(admission(object, old_object), options);
  REQUIRE(response.status == 200);
  CHECK(told(response, "uid") == "\"u-2\"");
  if (told(response, "allowed") == "true") return "";
  const std::string status = told(response, "status");
  return json_text(find(*json_members(status), "message")).value();
}

std::string warnings(const std::string& object) {
  return told(validate(admission(object), {}), "warnings");
}

const std::string kGood = R"({"service":"a","weight":1},{"service":"b","weight":2})";

}  // namespace

TEST_CASE("an object that is good alone is admitted, whatever it refers to") {
  CHECK(refusal(split("v1alpha4", kGood)).empty());
  CHECK(warnings(split("v1alpha4", kGood)) == "[]");
  CHECK(refusal(group(R"({"name":"m","pathRegex":"/a"})")).empty());
  CHECK(refusal(R"({"apiVersion":"access.smi-spec.io/v1alpha4","kind":"TrafficTarget","metadata":)"
                R"({"name":"t","namespace":"shop"},"spec":{"destination":{"kind":"ServiceAccount",)"
                R"("name":"x","namespace":"shop"},"sources":[{"kind":"ServiceAccount","name":"y",)"
                R"("namespace":"shop"}],"rules":[{"kind":"HTTPRouteGroup","name":"none"}]}})")
            .empty());
}

TEST_CASE("every mistake is told with its code and its field") {
  CHECK(refusal(split("v1alpha4", R"({"service":"a","weight":-1},{"service":"b","weight":0.5})")) ==
        "spec.backends[0].weight: weight `-1` of TrafficSplit `s` is negative (0 sends "
        "nothing to a backend) [E12]; spec.backends[1].weight: weight `0.5` of TrafficSplit `s` is "
        "not a whole number (weights are relative: 1.5 to 1 is the same as 3 to 2) [E12]");
  CHECK(refusal(group(R"({"name":"m","pathRegex":"/a(b"})"))
            .starts_with("spec.matches[0].pathRegex: "));
  CHECK(refusal(group(R"({"name":"m","pathRegex":"/a(b"})")).ends_with("[E03]"));
  CHECK(
      refusal(group(R"({"pathRegex":"/a"})"))
          .starts_with("spec.matches[0]: `spec.matches[0].name` of HTTPRouteGroup `g` is missing"));
  CHECK(refusal(group(R"({"name":"m","headers":{"a b":"x"}})"))
            .starts_with("spec.matches[0].headers"));
}

TEST_CASE("what needs no other object is judged by the options in force") {
  const std::string self = split("v1alpha1", R"({"service":"web","weight":"1"},)"
                                             R"({"service":"b","weight":"1"})");
  CHECK(refusal(self).find("[E14]") != std::string::npos);
  CHECK(refusal(self, "null", {.allow_self_reference = true}).empty());
}

TEST_CASE("warnings about the object itself are shown, and not too many") {
  CHECK(warnings(split("v1alpha2", kGood)).find("[W16]") != std::string::npos);
  CHECK(warnings(split("v1alpha4", R"({"service":"a","weight":0})")).find("[W09]") !=
        std::string::npos);
  const std::string unknown = warnings(group(R"({"name":"m","pathRegexp":"/a"})"));
  CHECK(unknown.starts_with(R"(["spec.matches[0].pathRegexp: )"));
  CHECK(unknown.find("W06") == std::string::npos);
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += (i > 0 ? "," : "") + std::string(R"({"name":"m)") + std::to_string(i) + R"(","x)" +
            std::string(300, 'x') + R"(":1})";
  }
  const std::string shown = warnings(group(many));
  const auto items = json_items(shown);
  REQUIRE(items);
  CHECK(items->size() == 12);
  for (const std::string_view each : *items) CHECK(each.size() < 260);
}

TEST_CASE("what is missing beside it is shown, and refuses nothing") {
  std::vector<std::string> asked;
  const InMesh in_mesh = [&](const Written& object) {
    asked.push_back(object.kind + ' ' + object.ns + '/' + object.name);
    Diagnostic missing{Severity::warning, "W06", {}, "backend `a` is not a Service", "", {}};
    missing.span.line = 1;
    missing.span.column =
        static_cast<std::uint32_t>(object.text->find(R"("a")") + 2);  // the first backend's name
    Diagnostic mistake{Severity::error, "E59", missing.span, "too much", "", {}};
    Diagnostic note{Severity::note, "N50", missing.span, "and more", "", {}};
    return std::vector{missing, mistake, note};
  };
  const auto reviewed = [&](const std::string& object) {
    return validate(admission(object), {}, in_mesh);
  };
  const Response good = reviewed(split("v1alpha4", R"({"service":"a","weight":0})"));
  CHECK(told(good, "allowed") == "true");
  const std::string shown = told(good, "warnings");
  CHECK(shown.find(R"("spec.backends[0].service: backend `a` is not a Service [W06]")") !=
        std::string::npos);
  CHECK(shown.find("[W09]") != std::string::npos);  // what is its own stays
  CHECK(shown.find("[E59]") != std::string::npos);
  CHECK(shown.find("N50") == std::string::npos);
  CHECK(asked == std::vector<std::string>{"TrafficSplit shop/s"});

  // What is refused anyway needs no looking around.
  CHECK(told(reviewed(split("v1alpha4", R"({"service":"a","weight":-1})")), "allowed") == "false");
  CHECK(asked.size() == 1);
}

TEST_CASE("while nobody knows the mesh, what is the object's own is shown") {
  const InMesh unknown = [](const Written&) { return std::nullopt; };
  const Request review = admission(split("v1alpha4", R"({"service":"a","weight":0})"));
  CHECK(validate(review, {}, unknown).body == validate(review, {}).body);
}

TEST_CASE("what stands is no reason to refuse") {
  const std::string bad = split("v1alpha4", R"({"service":"a","weight":-1})");
  CHECK_FALSE(refusal(bad).empty());
  std::string labelled = bad;
  labelled.replace(labelled.find(R"("generation":3)"), 14, R"("labels":{"a":"b"})");
  CHECK(refusal(labelled, bad).empty());
  CHECK_FALSE(refusal(split("v1alpha4", R"({"service":"b","weight":-1})"), bad).empty());
  std::string leaving = bad;
  leaving.replace(leaving.find(R"("generation":3)"), 14,
                  R"("deletionTimestamp":"2024-05-01T10:00:00Z")");
  CHECK(refusal(leaving, split("v1alpha4", kGood)).empty());
}

TEST_CASE("a deletion is nothing to judge, and what is no review is refused") {
  CHECK(told(validate(admission("null"), {}), "allowed") == "true");
  Request request;
  request.body = R"({"apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"u"}})";
  CHECK(validate(request, {}).status == 400);
}
