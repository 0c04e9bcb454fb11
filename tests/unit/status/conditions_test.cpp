// SPDX-License-Identifier: Apache-2.0
#include "controller/status/conditions.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::status;

namespace {

const std::string kBefore = "2023-11-14T22:13:20Z", kNow = "2023-11-14T22:14:00Z";

Verdict verdict_of(std::vector<Finding> findings = {}, std::int64_t generation = 1) {
  return {"split.smi-spec.io/v1alpha4", "u1", generation, std::move(findings), 1};
}

Finding finding(const std::string& code, const std::string& message = "m",
                const std::string& help = "") {
  return {code[0] == 'E' ? Severity::error : Severity::warning, code, message, help};
}

// "Accepted=True:Accepted/1 …"
std::string shown(const std::vector<Condition>& conditions) {
  std::string text;
  for (const Condition& each : conditions) {
    if (!text.empty()) text += ' ';
    text += each.type + '=' + each.status + ':' + each.reason + '/' +
            std::to_string(each.observed_generation);
  }
  return text;
}

std::string of(const Verdict& verdict, Progress progress = Progress::enforced) {
  return shown(wanted_conditions(verdict, progress, {}, kNow));
}

}  // namespace

TEST_CASE("a good object that all nodes enforce") {
  CHECK(of(verdict_of()) ==
        "Accepted=True:Accepted/1 ResolvedRefs=True:ResolvedRefs/1 Programmed=True:Programmed/1");
}

TEST_CASE("an error is the reason for not being accepted, and what is refused is nowhere") {
  const auto conditions =
      wanted_conditions(verdict_of({finding("E12", "a"), finding("E13", "b", "c"), finding("W06")}),
                        Progress::enforced, {}, kNow);
  CHECK(shown(conditions) ==
        "Accepted=False:E12/1 ResolvedRefs=Unknown:NotAccepted/1 Programmed=False:NotAccepted/1");
  CHECK(conditions[0].message == "a; b (c)");
}

TEST_CASE("what is not there is told, what is only odd is not") {
  CHECK(of(verdict_of({finding("W06"), finding("W08")})) ==
        "Accepted=True:Accepted/1 ResolvedRefs=False:W06/1 Programmed=True:Programmed/1");
  CHECK(of(verdict_of({finding("W08"), finding("W16")})) ==
        "Accepted=True:Accepted/1 ResolvedRefs=True:ResolvedRefs/1 Programmed=True:Programmed/1");
}

TEST_CASE("while nodes are on their way, what stands there stays") {
  CHECK(of(verdict_of(), Progress::unknown).ends_with("Programmed=Unknown:Pending/1"));
  CHECK(of(verdict_of(), Progress::pending).ends_with("Programmed=Unknown:Pending/1"));
  CHECK(of(verdict_of(), Progress::overdue).ends_with("Programmed=False:Pending/1"));
  const auto old = wanted_conditions(verdict_of(), Progress::enforced, {}, kBefore);
  CHECK(wanted_conditions(verdict_of(), Progress::unknown, old, kNow) == old);
  CHECK(shown(wanted_conditions(verdict_of({}, 2), Progress::pending, old, kNow)) ==
        "Accepted=True:Accepted/2 ResolvedRefs=True:ResolvedRefs/2 Programmed=True:Programmed/1");
  CHECK(shown(wanted_conditions(verdict_of({}, 2), Progress::overdue, old, kNow))
            .ends_with("Programmed=False:Pending/2"));
}

TEST_CASE("the time of a transition moves with the status alone") {
  const auto old =
      wanted_conditions(verdict_of({finding("W06", "a")}), Progress::enforced, {}, kBefore);
  CHECK(old[0].last_transition_time == kBefore);
  CHECK(wanted_conditions(verdict_of({finding("W06", "a")}), Progress::enforced, old, kNow) == old);
  const auto other =
      wanted_conditions(verdict_of({finding("W01", "b")}, 2), Progress::enforced, old, kNow);
  CHECK(shown(other) ==
        "Accepted=True:Accepted/2 ResolvedRefs=False:W01/2 Programmed=True:Programmed/2");
  for (const Condition& each : other) CHECK(each.last_transition_time == kBefore);
  const auto good = wanted_conditions(verdict_of({}, 3), Progress::enforced, other, kNow);
  CHECK(good[0].last_transition_time == kBefore);
  CHECK(good[1].last_transition_time == kNow);
}

TEST_CASE("what is written reads back as what it was, and other people's conditions are not ours") {
  const auto conditions =
      wanted_conditions(verdict_of({finding("W06", "\"quoted\"")}), Progress::enforced, {}, kNow);
  const std::string body = apply_body({"TrafficSplit", "shop", "web"}, verdict_of(), conditions);
  CHECK(body.starts_with(
      R"({"apiVersion":"split.smi-spec.io/v1alpha4","kind":"TrafficSplit","metadata":{"name":"web",)"
      R"("namespace":"shop","uid":"u1"},"status":{"conditions":[{"type":"Accepted")"));
  CHECK(body.find("spec\":") == std::string::npos);
  CHECK(read_conditions(body) == conditions);
  CHECK(read_conditions(R"({"status":{"conditions":[{"type":"Promoted","status":"True"}]}})")
            .empty());
  for (const char* odd : {"", "[]", "{}", R"({"status":3})", R"({"status":{"conditions":{}}})",
                          R"({"status":{"conditions":[3,{"type":4}]}})"}) {
    CHECK(read_conditions(odd).empty());
  }
}

TEST_CASE("a message has a limit, and ends between characters") {
  std::string long_one;
  for (int i = 0; i < 3000; ++i) long_one += "ü";
  const auto conditions =
      wanted_conditions(verdict_of({finding("E12", "x" + long_one)}), Progress::enforced, {}, kNow);
  CHECK(conditions[0].message.size() < 2010);
  CHECK(conditions[0].message.ends_with("ü…"));
}
