// SPDX-License-Identifier: Apache-2.0
// A hundred thousand endpoints, as an API server of 1.36 writes them: what is kept of them is
// stated here. How long it takes is told, not asserted; most of it is the JSON parser.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <iostream>

#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::kube;

namespace {

constexpr int kSlices = 1'000, kEndpointsOfSlice = 100, kPage = 100;
constexpr std::size_t kMaxKeptBytes = 32u << 20;  // of all: a third of a KB an endpoint

std::string endpoint(int slice, int number) {
  const std::string pod = "web-" + std::to_string(slice) + '-' + std::to_string(number);
  return R"({"addresses":["10.)" + std::to_string(slice / 250) + '.' + std::to_string(slice % 250) +
         '.' + std::to_string(number) +
         R"("],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node-)" +
         std::to_string(number % 50) +
         R"(","targetRef":{"kind":"Pod","namespace":"shop","name":")" + pod +
         R"(","uid":"0f0b8b9e-6f0c-4a3b-9a57-)" + pod + R"("},"zone":"eu-1a"})";
}

std::string slice(int number) {
  const std::string service = "service-" + std::to_string(number);
  std::string text =
      R"({"metadata":{"name":")" + service + R"(-abcde","generateName":")" + service +
      R"(-","namespace":"shop","uid":"u","resourceVersion":"7","generation":3,)"
      R"("creationTimestamp":"2026-01-01T00:00:00Z","labels":{"kubernetes.io/service-name":")" +
      service + R"("},"annotations":{"endpoints.kubernetes.io/last-change-trigger-time":"x"},)" +
      R"("managedFields":[{"manager":"kube-controller-manager","fieldsV1":{"f:endpoints":{}}}]},)"
      R"("addressType":"IPv4","endpoints":[)";
  for (int i = 0; i < kEndpointsOfSlice; ++i) text += (i > 0 ? "," : "") + endpoint(number, i);
  return text + R"(],"ports":[{"name":"http","port":8080,"protocol":"TCP"}]})";
}

std::vector<test::ScriptedApi::Step> pages() {
  std::vector<test::ScriptedApi::Step> steps;
  for (int at = 0; at < kSlices; at += kPage) {
    std::vector<std::string> items;
    for (int i = at; i < at + kPage; ++i) items.push_back(slice(i));
    const bool last = at + kPage == kSlices;
    steps.push_back(
        {"GET /apis/discovery.k8s.io/v1/endpointslices?limit=100",
         test::answer(200, test::list_of("9", items, last ? "" : "more-" + std::to_string(at)))});
  }
  return steps;
}

}  // namespace

TEST_CASE("a hundred thousand endpoints are kept in less than 32 MiB") {
  test::ScriptedApi api(pages());
  const auto kind = std::ranges::find(watched_kinds(), "EndpointSlice", &WatchedKind::kind);
  const Stop stop;
  Client client(api.config(), stop);
  Store store(1);
  const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  const auto start = Clock::now();
  std::vector<Object> objects;
  const Resource slices{kind->group, "v1", kind->plural};
  const auto listed = client.list(
      slices, kPage, {slices.api_version(), kind->kind, kind->keep},
      [&](std::vector<Object> page) { std::ranges::move(page, std::back_inserter(objects)); });
  REQUIRE(listed);
  REQUIRE(objects.size() == kSlices);
  store.replace(kind->kind, std::move(objects));
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  const std::size_t kept = ::mallinfo2().uordblks + ::mallinfo2().hblkhd - before;
  std::cout << "100,000 endpoints: " << took.count() << " ms, " << kept / 1024 << " KiB kept\n";
  CHECK(api.finish() == "");
  if (::mallinfo2().arena == 0) return;  // a sanitizer's allocator, which does not tell
  CHECK(kept < kMaxKeptBytes);
  CHECK(kept > 100'000 * 32);  // or nothing was measured
}
