// SPDX-License-Identifier: Apache-2.0
#include "compiler/decision/words.h"

#include <catch2/catch.hpp>
#include <set>

using namespace smic;
using decision::LiteralWord;

namespace {

automata::Dfa dfa_of(const std::vector<std::string>& patterns) {
  std::vector<automata::Regex> regexes;
  for (const std::string& pattern : patterns) regexes.push_back(*automata::parse(pattern));
  auto groups = automata::build(regexes, automata::Anchor::start, patterns.size());
  REQUIRE(groups.size() == 1);
  return std::move(groups[0].dfa);
}

std::uint32_t after(const automata::Dfa& dfa, std::string_view text) {
  std::uint32_t state = 0;
  for (const char c : text) state = dfa.step(state, static_cast<std::uint8_t>(c));
  return state;
}

// What is found behind "/", where the words begin.
std::optional<decision::LiteralWords> find(const automata::Dfa& dfa) {
  decision::ByteClasses classes;
  const decision::Planner planner(dfa, classes);
  return decision::WordFinder(dfa, planner).find(after(dfa, "/"));
}

std::vector<std::string> numbered(const std::string& before, const std::string& behind,
                                  std::size_t count) {
  std::vector<std::string> patterns;
  for (std::size_t i = 10; i < 10 + count; ++i) {
    patterns.push_back(before + std::to_string(i) + behind);
  }
  return patterns;
}

std::set<std::string> texts(const decision::LiteralWords& found) {
  std::set<std::string> texts;
  for (const LiteralWord& word : found.words) texts.insert(word.text + (word.slash ? "/" : ""));
  return texts;
}

}  // namespace

TEST_CASE("words end at a slash or at the end, and then are all there is", "[decision]") {
  auto patterns = numbered("/", "/[0-9]+$", 40);
  patterns.push_back("/50$");
  patterns.push_back("/50/x$");
  const automata::Dfa dfa = dfa_of(patterns);
  const auto found = find(dfa);
  REQUIRE(found);
  CHECK(found->segments == 1);
  CHECK(found->complete);
  CHECK(found->words.size() == 41);
  CHECK(texts(*found).contains("10/"));
  CHECK(texts(*found).contains("50"));  // what is behind it sees the slash
  for (const LiteralWord& word : found->words)
    CHECK(word.to == after(dfa, "/" + word.text + (word.slash ? "/" : "")));
}

TEST_CASE("words have as many segments as save the most branches", "[decision]") {
  std::vector<std::string> patterns;
  for (int i = 0; i < 60; ++i) {
    const std::string area = i % 2 ? "orders/" : "offers/";
    patterns.push_back("/" + std::to_string(1 + i % 3) + "/" + area + std::to_string(100 + i) +
                       "/[a-z]+$");
  }
  patterns.push_back("/9/[a-z]+/x$");
  const auto found = find(dfa_of(patterns));
  REQUIRE(found);
  CHECK(found->segments == 3);
  CHECK_FALSE(found->complete);
  CHECK(found->words.size() == 60);
  CHECK(texts(*found).contains("1/offers/100/"));
}

TEST_CASE("words may be all of the path", "[decision]") {
  auto patterns = numbered("/", "/items$", 40);
  for (const std::string& pattern : numbered("/", "/notes$", 40)) patterns.push_back(pattern);
  const auto found = find(dfa_of(patterns));
  REQUIRE(found);
  CHECK(found->segments == 2);
  CHECK(found->complete);
  CHECK(found->words.size() == 80);
  CHECK(texts(*found).contains("10/items"));
}

TEST_CASE("a wildcard beside the words, or a word that holds for more, is not complete",
          "[decision]") {
  const auto extra = GENERATE("/[^/]+/notes$", "/7[0-9]+x", "/team");
  CAPTURE(extra);
  auto patterns = numbered("/", "/items$", 40);
  patterns.emplace_back(extra);
  const auto found = find(dfa_of(patterns));
  REQUIRE(found);
  CHECK_FALSE(found->complete);
  CHECK(found->words.size() >= 40);
}

TEST_CASE("few words, and words that branch but once, are not hashed", "[decision]") {
  CHECK_FALSE(find(dfa_of(numbered("/", "/items$", decision::kLeastWords - 1))));
  std::vector<std::string> letters;
  for (char c = 'a'; c <= 'z'; ++c) letters.push_back(std::string("/") + c + "/items$");
  CHECK_FALSE(find(dfa_of(letters)));
}

TEST_CASE("long words are cut, and go on behind the cut", "[decision]") {
  const std::string longer = "-and-what-else-there-is";
  const auto found = find(dfa_of(numbered("/", longer + "$", 30)));
  REQUIRE(found);
  CHECK(texts(*found).contains(("10" + longer).substr(0, contract::kMaxWord)));
}

TEST_CASE("words of an automaton that goes round are not followed for ever", "[decision]") {
  // Every state knows what each of the letters does: as many strings as one likes.
  CHECK_FALSE(find(dfa_of({"/.*z$", "/.*ax$", "/.*by$", "/.*cw$", "/(a|c|e|g|i)+/q"})));
}

TEST_CASE("every word has a slot of its own, and few slots are free", "[decision]") {
  for (const std::size_t count : {16, 17, 100, 1000, 20'000}) {
    std::vector<LiteralWord> words;
    for (std::size_t i = 0; i < count; ++i) words.push_back({std::to_string(i * 7), true, 0});
    const auto table = decision::place_words(words);
    REQUIRE(table);
    std::set<std::uint32_t> placed;
    for (const auto& slot : table->slots) {
      if (slot) placed.insert(*slot);
    }
    CHECK(placed.size() == count);
    CHECK(table->slots.size() <= count + count / 2 + 1);
  }
}

TEST_CASE("what words begin with is stored once", "[decision]") {
  std::vector<LiteralWord> words;
  for (int i = 1000; i < 1100; ++i) words.push_back({"v1/team-" + std::to_string(i), true, 0});
  words.push_back({"v1", false, 0});
  const decision::SharedPrefixes prefixes(words);
  CHECK(prefixes.all() == std::vector<std::string>{"v1/team-", ""});
  CHECK(prefixes.stride() == 8);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& prefix = prefixes.all()[prefixes.number(i)];
    CHECK(prefix + std::string(decision::end_of_word(words[i].text)) == words[i].text);
  }
}

TEST_CASE("words that cannot be told apart by their hash have no table", "[decision]") {
  std::vector<LiteralWord> words;
  for (int i = 0; i < 20; ++i) words.push_back({std::to_string(i), false, 0});
  words.push_back({"7", true, 0});
  CHECK_FALSE(decision::place_words(words));
}
