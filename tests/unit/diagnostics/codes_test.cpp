// SPDX-License-Identifier: Apache-2.0
#include "compiler/diagnostics/codes.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace {

bool is_code(std::string_view text) {
  return text.size() == 3 && std::string_view("EWN").contains(text[0]) && std::isdigit(text[1]) &&
         std::isdigit(text[2]);
}

// Every "E01"-like string literal of a source file.
std::set<std::string> codes_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::set<std::string> codes;
  for (std::size_t at = 0; at + 5 <= text.size(); ++at) {
    const std::string literal = text.substr(at + 1, 3);
    if (text[at] == '"' && text[at + 4] == '"' && is_code(literal)) codes.insert(literal);
  }
  return codes;
}

}  // namespace

TEST_CASE("every code that our sources report is in the one list") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("compiler")) {
    if (entry.path().extension() != ".cpp") continue;
    ++files;
    for (const std::string& code : codes_in(entry.path())) {
      INFO(entry.path() << " reports " << code);
      CHECK(!smic::meaning_of(code).empty());
    }
  }
  CHECK(files > 0);
}

TEST_CASE("the SMI reference's codes are all there, and no code is listed twice") {
  std::set<std::string_view> codes;
  for (const smic::Code& code : smic::all_codes()) CHECK(codes.insert(code.code).second);
  for (int number = 1; number <= 16; ++number) {
    CHECK(codes.contains((number < 10 ? "E0" : "E") + std::to_string(number)));
  }
  for (int number = 1; number <= 20; ++number) {
    CHECK(codes.contains((number < 10 ? "W0" : "W") + std::to_string(number)));
  }
}
