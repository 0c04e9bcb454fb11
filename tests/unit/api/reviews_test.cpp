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
