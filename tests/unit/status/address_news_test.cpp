// SPDX-License-Identifier: Apache-2.0
#include "controller/status/address_news.h"

#include <catch2/catch.hpp>

using namespace smic;
using namespace smic::status;

namespace {

const ObjectName kWeb{"Service", "shop", "web"};

Sources cluster() {
  Sources sources;
  sources.add("Pod/shop/web.json", R"({"apiVersion":"v1","kind":"Pod","metadata":{"uid":"p"}})");
  sources.add("Service/shop/web.json",
              R"({"apiVersion":"v1","kind":"Service","metadata":{"uid":"u"}})");
  return sources;
}

controller::Update remarked(const std::string& what) {
  controller::Update update;
  if (!what.empty()) update.remarks.push_back({{"shop", "web"}, what});
  return update;
}

}  // namespace

TEST_CASE("a remark on an address is told of its Service, until it holds no more", "[status]") {
  AddressNews news;
  const Sources sources = cluster();
  CHECK(news.update(remarked(""), sources).empty());
  CHECK(news.beside(kWeb, nullptr) == std::nullopt);
  CHECK(news.update(remarked("another address"), sources) == std::set{kWeb});
  CHECK(news.update(remarked("another address"), sources).empty());
  const auto verdict = news.beside(kWeb, nullptr);
  REQUIRE(verdict);
  CHECK(verdict->uid == "u");
  REQUIRE(verdict->findings.size() == 1);
  CHECK(verdict->findings.front().code == "MeshAddress");
  CHECK(verdict->findings.front().message == "another address");
  CHECK(news.update(remarked(""), sources) == std::set{kWeb});
  REQUIRE(news.beside(kWeb, nullptr));
  CHECK(news.beside(kWeb, nullptr)->findings.empty());  // so that `Healed` is told
}

TEST_CASE("what is said otherwise stays beside it", "[status]") {
  AddressNews news;
  Verdict told;
  told.uid = "u";
  told.findings = {{Severity::warning, "W58", "means nothing", ""}};
  CHECK(news.beside(kWeb, &told)->findings.size() == 1);
  news.update(remarked("another address"), cluster());
  CHECK(news.beside(kWeb, &told)->findings.size() == 2);
}

TEST_CASE("a Service without an address is told, and not while it waits for one", "[status]") {
  AddressNews news;
  controller::Update update;
  update.unplaced.push_back({{"shop", "web"}, "its shadow Service does not stand yet", true});
  CHECK(news.update(update, cluster()).empty());
  update.unplaced.front() = {{"shop", "web"}, "every port is in use", false};
  CHECK(news.update(update, cluster()) == std::set{kWeb});
  CHECK(news.beside(kWeb, nullptr)->findings.front().message ==
        "it has no mesh address: every port is in use");
  CHECK(news.update({}, {}) == std::set{kWeb});  // gone with the Service
  CHECK(news.beside(kWeb, nullptr) == std::nullopt);
}
