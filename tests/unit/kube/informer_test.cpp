// SPDX-License-Identifier: Apache-2.0
// Every trap of the API that is known to have caught somebody, as a script.
#include <catch2/catch.hpp>

#include "tests/unit/kube/scripted_api.h"

using namespace smic;
using namespace smic::kube;
using test::answer;
using test::bookmark;
using test::event;
using test::failure;
using test::list_of;
using test::ScriptedApi;
using test::thing;
using test::watch_of;
using test::watch_that_goes_on;

namespace {

const WatchedKind kServices{"", "services", "Service", {"v1"}, false, {"spec"}};
const WatchedKind kSplits{
    "split.smi-spec.io", "trafficsplits", "TrafficSplit", {"v1alpha4", "v1alpha2"}, true, {"spec"}};

const std::string kList = "GET /api/v1/services?limit=500";
const std::string kWatchFrom = "GET /api/v1/services?watch=1 resourceVersion=";
const std::string kGroup = "GET /apis/split.smi-spec.io";
const std::string kSplitList = "GET /apis/split.smi-spec.io/v1alpha4/trafficsplits?limit=500";

std::string group_with(const std::string& versions) {
  return answer(200, R"({"kind":"APIGroup","versions":[)" + versions + "]}");
}

class Running {
 public:
  explicit Running(std::vector<ScriptedApi::Step> steps, const WatchedKind& kind = kServices)
      : api_(std::move(steps)),
        client_(api_.config(), stop_),
        store_(1),
        informer_(std::in_place, kind, client_, stop_, store_, patience(), 7) {}
  ~Running() {
    stop_.stop();
    informer_.reset();
  }

  // The script was followed, and then this is in the store: "a=x;b=y;".
  void expect(const std::string& wanted) {
    REQUIRE(api_.finish() == "");
    std::string seen;
    for (;;) {
      seen.clear();
      store_.read([&](const auto&, const auto&, const auto& name, const std::string& text) {
        const std::size_t at = text.find(R"("type":")") + 8;
        seen += name + '=' + text.substr(at, text.find('"', at) - at) + ';';
      });
      if (seen == wanted) break;
      INFO("seen " << seen << ", wanted " << wanted);
      REQUIRE(store_.wait());
    }
    CHECK(seen == wanted);
  }

 private:
  static Patience patience() {
    Patience patience;
    patience.backoff = {std::chrono::milliseconds(1), std::chrono::milliseconds(2)};
    patience.missing = std::chrono::milliseconds(1);
    return patience;
  }

  ScriptedApi api_;
  Stop stop_;
  Client client_;
  Store store_;
  std::optional<Informer> informer_;
};

}  // namespace

TEST_CASE("a kind is listed and then watched from there") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x"), thing("b", "2", "x")}))},
           {kWatchFrom + "10&", watch_that_goes_on({event("ADDED", thing("c", "11", "x")),
                                                    event("MODIFIED", thing("a", "12", "y")),
                                                    event("DELETED", thing("b", "13", "x"))})}})
      .expect("a=y;c=x;");
}

TEST_CASE("a watch that ended is taken up where it ended, bookmarks counted") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", watch_of({event("MODIFIED", thing("a", "12", "y"))})},
           {kWatchFrom + "12&", watch_of({bookmark("90")})},
           {kWatchFrom + "90&", watch_that_goes_on({event("ADDED", thing("b", "91", "x"))})}})
      .expect("a=y;b=x;");
}

TEST_CASE("a connection that breaks in the middle of an event loses nothing") {
  const std::string whole = watch_that_goes_on(
      {event("ADDED", thing("b", "11", "x")), event("ADDED", thing("c", "12", "x"))});
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", whole.substr(0, whole.size() - 20), true},
           {kWatchFrom + "11&", watch_that_goes_on({event("ADDED", thing("c", "12", "z"))})}})
      .expect("a=x;b=x;c=z;");
}

TEST_CASE("410 in the answer to a watch lists again, and what is gone is gone") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x"), thing("b", "2", "x")}))},
           {kWatchFrom + "10&", answer(410, failure(410, "Expired", "too old"))},
           {kList, answer(200, list_of("50", {thing("b", "2", "x")}))},
           {kWatchFrom + "50&", watch_that_goes_on({})}})
      .expect("b=x;");
}

TEST_CASE("410 as an event inside of a watch lists again") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", watch_of({event("MODIFIED", thing("a", "12", "y")),
                                          event("ERROR", failure(410, "Expired", "too old"))})},
           {kList, answer(200, list_of("50", {thing("a", "30", "z")}))},
           {kWatchFrom + "50&", watch_that_goes_on({})}})
      .expect("a=z;");
}

TEST_CASE("410 in the middle of the pages begins with the first one again") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}, "more"))},
           {kList + "&continue=more", answer(410, failure(410, "Expired", "too late"))},
           {kList + " HTTP", answer(200, list_of("60", {thing("b", "2", "x")}, "more"))},
           {kList + "&continue=more", answer(200, list_of("60", {thing("c", "3", "x")}))},
           {kWatchFrom + "60&", watch_that_goes_on({})}})
      .expect("b=x;c=x;");
}

TEST_CASE("429 and 500 on a watch try again from the same place") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", answer(429, failure(429, "TooManyRequests", "reinitializing"))},
           {kWatchFrom + "10&", answer(500, "oops")},
           {kWatchFrom + "10&", watch_that_goes_on({event("ADDED", thing("b", "11", "x"))})}})
      .expect("a=x;b=x;");
}

TEST_CASE("a place that does not work again and again is given up") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", answer(500, "too large resource version")},
           {kWatchFrom + "10&", answer(500, "too large resource version")},
           {kWatchFrom + "10&", answer(500, "too large resource version")},
           {kList, answer(200, list_of("5", {thing("a", "1", "y")}))},
           {kWatchFrom + "5&", watch_that_goes_on({})}})
      .expect("a=y;");
}

TEST_CASE("a watch that ends at once is not asked for at full speed") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", watch_of({})},
           {kWatchFrom + "10&", watch_of({})},
           {kWatchFrom + "10&", watch_of({})},
           {kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", watch_that_goes_on({})}})
      .expect("a=x;");
}

TEST_CASE("an event that cannot be read lists again instead of being passed over") {
  Running({{kList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {kWatchFrom + "10&", watch_of({event("ADDED", "{}")})},
           {kList, answer(200, list_of("12", {thing("a", "1", "y")}))},
           {kWatchFrom + "12&", watch_that_goes_on({})}})
      .expect("a=y;");
}

TEST_CASE("a list that is refused is asked for until it is granted") {
  Running({{kList, answer(401, failure(401, "Unauthorized", "Unauthorized"))},
           {kList, answer(403, failure(403, "Forbidden", "services is forbidden"))},
           {kList, "", true},
           {kList, answer(200, list_of("10", {thing("a", "1", "x")}))}})
      .expect("a=x;");
}

TEST_CASE("the newest version that both sides know is read") {
  Running({{kGroup, group_with(R"({"version":"v1alpha9"},{"version":"v1alpha2"})")},
           {"GET /apis/split.smi-spec.io/v1alpha2/trafficsplits?limit=500",
            answer(200, list_of("10", {thing("a", "1", "x")}))}},
          kSplits)
      .expect("a=x;");
}

TEST_CASE("a version that the group has and the kind has not is passed over") {
  Running({{kGroup, group_with(R"({"version":"v1alpha4"},{"version":"v1alpha2"})")},
           {kSplitList, answer(404, "404 page not found")},
           {"GET /apis/split.smi-spec.io/v1alpha2/trafficsplits?limit=500",
            answer(200, list_of("10", {thing("a", "1", "x")}))}},
          kSplits)
      .expect("a=x;");
}

TEST_CASE("a kind without CRD is empty, and picked up when its CRD comes") {
  Running({{kGroup, answer(404, "404 page not found")},
           {kGroup, answer(404, "404 page not found")},
           {kGroup, group_with(R"({"version":"v1alpha4"})")},
           {kSplitList, answer(200, list_of("10", {thing("a", "1", "x")}))}},
          kSplits)
      .expect("a=x;");
}

TEST_CASE("an API that has forgotten a CRD for a moment takes nothing away") {
  Running({{kGroup, group_with(R"({"version":"v1alpha4"})")},
           {kSplitList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {"watch=1", answer(404, "404 page not found")},
           {kGroup, group_with(R"({"version":"v1alpha4"})")},
           {kSplitList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {"watch=1", watch_that_goes_on({})}},
          kSplits)
      .expect("a=x;");
}

TEST_CASE("a CRD that was deleted takes its objects along") {
  Running({{kGroup, group_with(R"({"version":"v1alpha4"})")},
           {kSplitList, answer(200, list_of("10", {thing("a", "1", "x")}))},
           {"watch=1", answer(404, "404 page not found")},
           {kGroup, answer(404, "404 page not found")},
           {kGroup, answer(404, "404 page not found")}},
          kSplits)
      .expect("");
}
