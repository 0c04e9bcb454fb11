// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <thread>

#include "controller/kube/store.h"

using namespace smic::kube;

namespace {

Object object(const std::string& name, const std::string& text) {
  return {"shop", name, "1", text};
}

std::string seen_in(Store& store) {
  std::string seen;
  store.read([&](const auto& kind, const auto& ns, const auto& name, const auto& text) {
    seen += kind + '/' + ns + '/' + name + '=' + text + ';';
  });
  return seen;
}

}  // namespace

TEST_CASE("nothing is there to read before every kind was filled once") {
  Store store(2);
  store.replace("Service", {object("web", "1")});
  std::thread later([&] { store.replace("Pod", {}); });
  CHECK(store.wait_until_filled());
  later.join();
  CHECK(seen_in(store) == "Service/shop/web=1;");
}

TEST_CASE("changes that came before a read are one, and an equal text is none") {
  Store store(1);
  CHECK(store.replace("Service", {object("web", "1"), object("cart", "1")}));
  store.put("Service", object("web", "2"));
  store.put("Service", object("api", "1"));
  store.remove("Service", object("cart", ""));
  REQUIRE(store.wait());
  CHECK(seen_in(store) == "Service/shop/api=1;Service/shop/web=2;");

  store.put("Service", object("web", "2"));
  store.remove("Service", object("cart", ""));
  CHECK_FALSE(store.replace("Service", {object("api", "1"), object("web", "2")}));
  std::thread later([&] { store.put("Service", object("web", "3")); });
  REQUIRE(store.wait());  // of the four, only this one is a change
  later.join();
  CHECK(seen_in(store) == "Service/shop/api=1;Service/shop/web=3;");
}

TEST_CASE("a list that lacks an object removes it") {
  Store store(1);
  store.replace("Service", {object("web", "1"), object("cart", "1")});
  CHECK(store.replace("Service", {object("cart", "1")}));
  CHECK(seen_in(store) == "Service/shop/cart=1;");
}

TEST_CASE("closing ends every wait") {
  Store store(1);
  std::thread closer([&] { store.close(); });
  CHECK_FALSE(store.wait_until_filled());
  CHECK_FALSE(store.wait());
  closer.join();
}
