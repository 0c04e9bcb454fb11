// SPDX-License-Identifier: Apache-2.0
#include "controller/status/events.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::status;

namespace {

const ObjectName kWeb{"TrafficSplit", "shop", "web"};
const Verdict kVerdict{"split.smi-spec.io/v1alpha4", "u1", 1, {}, 1};
const WallTime kNow{std::chrono::seconds(1'700'000'000)};

Finding finding(const std::string& code, const std::string& message, const std::string& help = "") {
  return {code[0] == 'E' ? Severity::error : Severity::warning, code, message, help};
}

}  // namespace

TEST_CASE("one event a code, errors first") {
  const auto texts = texts_of({finding("W06", "a", "b"), finding("E12", "c"), finding("W06", "d")});
  CHECK(texts == std::vector<EventText>{{"Warning", "E12", "c"}, {"Warning", "W06", "a (b); d"}});
}

TEST_CASE("an object has so many events at once, and a note so many bytes") {
  std::vector<Finding> many;
  for (int i = 10; i < 40; ++i)
    many.push_back(finding("W" + std::to_string(i), std::string(3000, 'x')));
  const auto texts = texts_of(many);
  REQUIRE(texts.size() == kMaxEventsOfObject);
  for (const EventText& text : texts) CHECK(text.note.size() < 1024);
}

TEST_CASE("the same is said by the same event, and nothing else is") {
  const EventText text{"Warning", "W06", "a"};
  const std::string name = event_name(kWeb, "u1", text);
  CHECK(name == event_name(kWeb, "u1", text));
  CHECK(name.starts_with("web."));
  CHECK(name.size() == 4 + 16);
  CHECK(name != event_name(kWeb, "u2", text));
  CHECK(name != event_name(kWeb, "u1", {"Warning", "W06", "b"}));
  CHECK(name != event_name(kWeb, "u1", {"Warning", "W01", "a"}));
  CHECK(name != event_name({"TrafficTarget", "shop", "web"}, "u1", text));
}

TEST_CASE("a name that is cut is a name") {
  const ObjectName object{"TrafficSplit", "shop", std::string(199, 'a') + "-.b"};
  const std::string name = event_name(object, "u1", healed_text());
  CHECK(name.starts_with(std::string(199, 'a') + '.'));
  CHECK(name.size() == 199 + 17);
}

TEST_CASE("an event as the API takes it") {
  CHECK(event_body(kWeb, kVerdict, {"Warning", "W06", "a"}, "me", kNow) ==
        R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":")" +
            event_name(kWeb, "u1", {"Warning", "W06", "a"}) +
            R"(","namespace":"shop"},"eventTime":"2023-11-14T22:13:20.000000Z",)"
            R"("reportingController":"smic.dev/controller","reportingInstance":"me",)"
            R"("action":"Compile","type":"Warning","reason":"W06","note":"a",)"
            R"("regarding":{"apiVersion":"split.smi-spec.io/v1alpha4","kind":"TrafficSplit",)"
            R"("namespace":"shop","name":"web","uid":"u1"}})");
  CHECK(event_namespace({"Namespace", "", "shop"}) == "default");
  CHECK(series_body(3, kNow) ==
        R"({"series":{"count":3,"lastObservedTime":"2023-11-14T22:13:20.000000Z"}})");
}
