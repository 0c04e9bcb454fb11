// SPDX-License-Identifier: Apache-2.0
#include "controller/kube/lease.h"

#include <catch2/catch.hpp>

using namespace smic::kube;
using std::chrono::microseconds;
using std::chrono::seconds;

namespace {

const std::chrono::system_clock::time_point kThen{seconds(1'700'000'000) + microseconds(42)};

}  // namespace

TEST_CASE("times are written as Kubernetes reads them") {
  CHECK(micro_time(kThen) == "2023-11-14T22:13:20.000042Z");
  CHECK(second_time(kThen) == "2023-11-14T22:13:20Z");
}

TEST_CASE("a Lease that we make reads as ours") {
  const std::string text = new_lease("smic-system", "smic-controller", {"a_1", seconds(15), kThen});
  CHECK(
      text ==
      R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"smic-controller",)"
      R"("namespace":"smic-system"},"spec":{"leaseTransitions":0,)"
      R"("acquireTime":"2023-11-14T22:13:20.000042Z","holderIdentity":"a_1",)"
      R"("leaseDurationSeconds":15,"renewTime":"2023-11-14T22:13:20.000042Z"}})");
  const auto lease = read_lease(text);
  REQUIRE(lease);
  CHECK(lease->holder == "a_1");
  CHECK(lease->duration == seconds(15));
  CHECK(lease->transitions == 0);
}

TEST_CASE("renewing keeps everything else, and only a new holder is a transition") {
  const std::string text =
      R"({"kind":"Lease","metadata":{"name":"n","resourceVersion":"7","labels":{"a":"b"}},)"
      R"("spec":{"holderIdentity":"a_1","leaseTransitions":4,"acquireTime":"x","renewTime":"y"}})";
  const std::string renewed = renewed_lease(text, {"a_1", seconds(15), kThen});
  CHECK(renewed.find(R"("resourceVersion":"7","labels":{"a":"b"})") != std::string::npos);
  CHECK(renewed.find(R"("leaseTransitions":4,"acquireTime":"x")") != std::string::npos);
  CHECK(read_lease(renewed)->renewed == "2023-11-14T22:13:20.000042Z");
  const std::string taken = renewed_lease(text, {"b_2", seconds(15), kThen});
  CHECK(read_lease(taken)->transitions == 5);
  CHECK(taken.find(R"("acquireTime":"2023)") != std::string::npos);
  const auto released = read_lease(released_lease(taken, kThen));
  CHECK(released->holder.empty());
  CHECK(released->duration == seconds(1));
}

TEST_CASE("what is no Lease, and what is in none, is no surprise") {
  CHECK_FALSE(read_lease(""));
  CHECK_FALSE(read_lease("[]"));
  CHECK_FALSE(read_lease(R"({"kind":"Pod"})"));
  CHECK(read_lease(R"({"kind":"Lease"})")->holder.empty());
  CHECK(read_lease(R"({"kind":"Lease","spec":3})")->holder.empty());
  const auto odd = read_lease(
      R"({"kind":"Lease","spec":{"holderIdentity":3,"leaseDurationSeconds":-1,"leaseTransitions":"x"}})");
  CHECK(odd->holder.empty());
  CHECK_FALSE(odd->duration);
  CHECK(
      read_lease(renewed_lease(R"({"kind":"Lease","spec":3})", {"a", seconds(1), kThen}))->holder ==
      "a");
}
