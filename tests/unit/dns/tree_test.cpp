// SPDX-License-Identifier: Apache-2.0
#include "runtime/dns/tree.h"

#include <catch2/catch.hpp>

using namespace smic;
using dns::Tree;

namespace {

std::size_t size(const Tree& tree) {
  std::size_t names = 0;
  tree.visit([&](const std::string&, const dns::Node&) { ++names; });
  return names;
}

const std::string kDeep = "\1a\1b\1c";

}  // namespace

TEST_CASE("names above a name are there while it is", "[dns]") {
  Tree tree(4);
  CHECK(size(tree) == 1);  // the apex
  tree.claim(kDeep);
  CHECK(tree.find("\1b\1c"));
  CHECK(tree.find("\1c"));
  CHECK_FALSE(tree.find("\1b"));
  tree.claim("\1b\1c");
  tree.release(kDeep);
  CHECK_FALSE(tree.find(kDeep));
  CHECK(tree.find("\1b\1c"));
  tree.release("\1b\1c");
  CHECK(size(tree) == 1);
  CHECK(tree.find(""));
}

TEST_CASE("a name is there for as many as claim it", "[dns]") {
  Tree tree(4);
  tree.claim("\1a");
  tree.add("\1a", dns::Address{{1, 2, 3, 4}, 4});
  tree.add("\1a", dns::Address{{1, 2, 3, 5}, 4});
  CHECK(tree.find("\1a")->records.size() == 2);
  tree.remove("\1a", dns::Address{{1, 2, 3, 4}, 4});
  CHECK(tree.find("\1a")->records.size() == 1);
  tree.release("\1a");
  CHECK(tree.find("\1a"));
  tree.remove("\1a", dns::Address{{1, 2, 3, 5}, 4});
  CHECK_FALSE(tree.find("\1a"));
}

TEST_CASE("a copy is changed alone", "[dns]") {
  Tree tree(4);
  tree.claim(kDeep);
  Tree copy(tree);
  copy.release(kDeep);
  copy.claim("\1z");
  CHECK(tree.find(kDeep));
  CHECK_FALSE(tree.find("\1z"));
  Tree of_copy(copy);
  of_copy.claim(kDeep);
  CHECK_FALSE(copy.find(kDeep));
  CHECK(size(copy) == 2);
}
