// SPDX-License-Identifier: Apache-2.0
#include "compiler/meaning_options.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

using namespace smic;

namespace {

struct Given {
  explicit Given(const std::vector<std::string>& words) {
    Syntax syntax;
    syntax.command = "test";
    add_meaning_options(options, syntax.options);
    if (const auto parsed = parse(syntax, words); !parsed) mistake = parsed.error();
  }
  model::Options options;
  std::string mistake;
};

std::string text_of(const char* path) {
  std::ifstream file(path);
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace

TEST_CASE("every option fills what it is about") {
  CHECK(Given({}).options.split_shares == contract::SplitShares::redistribute);
  CHECK(Given({"--split-shares=strict"}).options.split_shares == contract::SplitShares::strict);
  CHECK(Given({"--access=permissive"}).options.access == ir::AccessMode::permissive);
  CHECK(Given({"--allow-foreign-destination"}).options.allow_foreign_destination);
  CHECK(Given({"--allow-self-reference"}).options.allow_self_reference);
  CHECK(Given({"--header-match=search"}).options.header_match == model::HeaderMatch::search);
  CHECK(Given({"--cluster-domain=corp"}).options.cluster_domain == "corp");
  CHECK(Given({"--trust-domain=corp"}).options.trust_domain == "corp");
  CHECK(Given({"--extension-methods=PURGE,M-SEARCH"}).options.extension_methods ==
        resources::Methods{"PURGE", "M-SEARCH"});
}

TEST_CASE("an extension is a method, and none that is known") {
  for (const char* wrong : {"PUR GE", "*", "A/B", "PURGE,(x)"}) {
    INFO(wrong);
    CHECK(Given({std::string("--extension-methods=") + wrong}).mistake.find("is no method") !=
          std::string::npos);
  }
  for (const char* known : {"GET", "get", "Patch"}) {
    INFO(known);
    CHECK(Given({std::string("--extension-methods=") + known}).mistake.find("known already") !=
          std::string::npos);
  }
}

// An option that no decision is about, or one that a decision promises and nobody has, is a slip.
TEST_CASE("docs/decisions.md names every option of meaning, and no other") {
  const std::string page = text_of(SMIC_SOURCE_DIR "/docs/decisions.md");
  std::set<std::string> named, known;
  for (std::size_t at = 0; (at = page.find("`--", at)) != std::string::npos; ++at) {
    named.insert(page.substr(at + 1, page.find_first_of("=`", at + 1) - at - 1));
  }
  model::Options options;
  std::vector<Option> table;
  add_meaning_options(options, table);
  for (const Option& option : table) known.insert(option.name);
  known.insert("--metrics-unit");  // D-23: the metrics API's own
  named.insert("--metrics-unit");
  CHECK(named == known);
}
