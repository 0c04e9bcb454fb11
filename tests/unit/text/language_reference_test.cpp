// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "compiler/text/text.h"
#include "tests/support/read_units.h"

using namespace smic;

namespace {

// Tests run in the root of the source tree.
std::string read_page() {
  std::ifstream file("grammar/README.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> blocks_of(const std::string& page) {
  constexpr std::string_view kFence = "```\n";
  std::vector<std::string> blocks;
  for (std::size_t at = 0; (at = page.find(kFence, at)) != std::string::npos;) {
    const std::size_t begin = at + kFence.size();
    const std::size_t end = page.find(kFence, begin);
    REQUIRE(end != std::string::npos);
    blocks.push_back(page.substr(begin, end - begin));
    at = end + kFence.size();
  }
  return blocks;
}

}  // namespace

TEST_CASE("every example of the language reference reads", "[text]") {
  const auto blocks = blocks_of(read_page());
  REQUIRE(blocks.size() == 7);
  for (const std::string& block : blocks) {
    INFO(block);
    CHECK_FALSE(test::read_units(block).empty());
  }
}

TEST_CASE("the reference's first example is what printing writes", "[text]") {
  const std::string block = blocks_of(read_page()).at(0);
  REQUIRE(ir::print(test::read_units(block)) == block);
}

TEST_CASE("the reference tells the limits as they are", "[text]") {
  const std::string page = read_page();
  CHECK(page.contains("at most " + std::to_string(text::kMaxBytes >> 20) + " MiB"));
  CHECK(page.contains("After " + std::to_string(text::kMaxMistakes) + " mistakes"));
  CHECK(page.contains("at most " + std::to_string(contract::kMaxDestinations) + "\ndestinations"));
}
