// SPDX-License-Identifier: Apache-2.0
#include "compiler/decision/words.h"

#include <algorithm>
#include <bit>
#include <map>
#include <utility>

namespace smic::decision {
namespace {

constexpr std::size_t kEdgesPerState = 8 * contract::kMaxSegments;
constexpr std::size_t kEdgesFree = 4096;

constexpr std::uint32_t kWordsPerShift = 4;
constexpr std::uint32_t kSeeds = 16;
constexpr std::uint32_t kSpareSlots[] = {8, 4, 2};  // a slot more per so many words

contract::Word word_of(const std::string& text) {
  contract::Word word{};
  for (std::size_t i = 0; i < text.size(); ++i) {
    word.parts[i / 8] |= std::uint64_t{static_cast<std::uint8_t>(text[i])} << 8 * (i % 8);
  }
  return word;
}

bool dead(const automata::Dfa& dfa, std::uint32_t state) {
  return dfa.settled(state) && dfa.states[state].accept == 0;
}

}  // namespace

// ---- find --------------------------------------------------------------------------------------

struct WordFinder::Search {
  LiteralWords found;
  std::string text;
  std::size_t branches = 0;  // on the way to all words

  void add(const std::string& word, bool slash, std::uint32_t to, std::size_t branches_to_it) {
    found.words.push_back({word, slash, to});
    branches += branches_to_it;
  }
};

WordFinder::WordFinder(const automata::Dfa& dfa, const Planner& planner)
    : dfa_(dfa),
      planner_(planner),
      seen_(dfa.states.size()),
      left_(kEdgesPerState * dfa.states.size() + kEdgesFree),
      words_left_(dfa.states.size()) {}

// One that pays, or none.
std::optional<WordFinder::Search> WordFinder::search(std::uint32_t state, std::uint32_t segments) {
  Search search{.found = {.segments = segments, .complete = true}};
  ++searches_;
  if (!visit(search, state, 0, 0)) return std::nullopt;
  const std::size_t words = search.found.words.size();
  if (words < kLeastWords || 2 * search.branches < kLeastBranches * words) return std::nullopt;
  return search;
}

std::optional<LiteralWords> WordFinder::find(std::uint32_t state) {
  if (dfa_.edges_of(state).size() < 2) return std::nullopt;
  std::optional<Search> best;
  for (std::uint32_t segments = 1; segments <= contract::kMaxSegments; ++segments) {
    std::optional<Search> other = search(state, segments);
    if (other && (!best || other->branches > best->branches)) best = std::move(other);
  }
  if (!best) return std::nullopt;
  words_left_ -= best->found.words.size();
  return std::move(best->found);
}

// The words that go on from `state`, which is not settled, after what `search.text` has. Recursion
// is bounded by kMaxWord. False if there are too many.
bool WordFinder::visit(Search& search, std::uint32_t state, std::uint32_t slashes,
                       std::size_t branches) {
  const auto edges = dfa_.edges_of(state);
  if (left_ < edges.size() + 1 || search.found.words.size() > words_left_) return false;
  left_ -= edges.size() + 1;
  const bool again = std::exchange(seen_[state], searches_) == searches_;
  if ((again && !edges.empty()) || planner_.spans(state)) {
    search.found.complete = false;
    return true;
  }
  search.found.within.push_back(state);
  if (edges.size() > 1) ++branches;
  const std::string word = search.text;
  const bool cut = word.size() == contract::kMaxWord;
  const bool ends = cut || (!word.empty() && dfa_.states[state].accept != 0);
  if (ends) search.add(word, false, state, branches);
  if (cut) return true;
  if (!dead(dfa_, dfa_.states[state].default_to)) search.found.complete = false;
  for (const automata::Edge& edge : edges) {
    if (dead(dfa_, edge.to)) continue;
    const bool slash = edge.first == '/';
    const bool last = slash && slashes + 1 == search.found.segments;
    if (edge.first != edge.last || edge.first == 0 || (word.empty() && last)) {
      search.found.complete = false;
      continue;
    }
    search.text = word + static_cast<char>(edge.first);
    if (last) {
      if (!ends) search.add(word, true, edge.to, branches);
    } else if (dfa_.settled(edge.to)) {
      search.found.complete = false;  // holds for all that begins with it
      search.add(search.text, false, edge.to, branches);
    } else if (!visit(search, edge.to, slashes + (slash ? 1 : 0), branches)) {
      return false;
    }
  }
  return true;
}

// ---- place -------------------------------------------------------------------------------------

namespace {

// Words that share a shift, most of them first: these are the hardest to place.
std::vector<std::vector<std::uint32_t>> sharing(const std::vector<std::uint64_t>& hashes,
                                                std::uint32_t bits) {
  std::vector<std::vector<std::uint32_t>> buckets(std::size_t{1} << bits);
  for (std::uint32_t i = 0; i < hashes.size(); ++i) {
    buckets[contract::word_shift(hashes[i], bits)].push_back(i);
  }
  std::ranges::sort(buckets, [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  return buckets;
}

bool place_bucket(const std::vector<std::uint32_t>& bucket,
                  const std::vector<std::uint64_t>& hashes, WordTable& table) {
  const auto slots = static_cast<std::uint32_t>(table.slots.size());
  for (std::uint32_t shift = 0; shift < 256; ++shift) {
    std::size_t placed = 0;
    const auto slot = [&](std::size_t i) -> auto& {
      return table.slots[contract::word_slot(hashes[bucket[i]], shift, slots)];
    };
    while (placed != bucket.size() && !slot(placed)) {
      slot(placed) = bucket[placed];
      ++placed;
    }
    if (placed == bucket.size()) {
      table.shifts[contract::word_shift(hashes[bucket[0]], table.bits)] =
          static_cast<std::uint8_t>(shift);
      return true;
    }
    while (placed != 0) slot(--placed).reset();
  }
  return false;
}

bool place_all(const std::vector<LiteralWord>& words, WordTable& table) {
  std::vector<std::uint64_t> hashes;
  for (const LiteralWord& word : words) {
    hashes.push_back(contract::word_hash(word_of(word.text), table.seed));
  }
  for (const auto& bucket : sharing(hashes, table.bits)) {
    if (bucket.empty()) break;
    if (!place_bucket(bucket, hashes, table)) return false;
  }
  return true;
}

}  // namespace

std::optional<WordTable> place_words(const std::vector<LiteralWord>& words) {
  const auto count = static_cast<std::uint32_t>(words.size());
  const auto bits = std::clamp<std::uint32_t>(std::bit_width(count / kWordsPerShift),
                                              contract::kMinShiftBits, contract::kMaxShiftBits);
  if (count > contract::kMaxPrefixes) return std::nullopt;
  for (const std::uint32_t spare : kSpareSlots) {
    for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
      WordTable table{seed, bits, std::vector<std::uint8_t>(std::size_t{1} << bits), {}};
      table.slots.resize(count + count / spare + 1);
      if (place_all(words, table)) return table;
    }
  }
  return std::nullopt;
}

// ---- texts -------------------------------------------------------------------------------------

std::string_view end_of_word(std::string_view text) {
  return text.substr(text.size() > contract::kWordEnd ? text.size() - contract::kWordEnd : 0);
}

SharedPrefixes::SharedPrefixes(const std::vector<LiteralWord>& words) {
  std::map<std::string, std::uint32_t> known;
  for (const LiteralWord& word : words) {
    const std::size_t size = word.text.size() - end_of_word(word.text).size();
    const auto next = static_cast<std::uint32_t>(all_.size());
    const auto [at, fresh] = known.try_emplace(word.text.substr(0, size), next);
    if (fresh) all_.push_back(at->first);
    numbers_.push_back(at->second);
  }
}

std::uint32_t SharedPrefixes::stride() const {
  std::size_t longest = 1;
  for (const std::string& prefix : all_) longest = std::max(longest, prefix.size());
  return static_cast<std::uint32_t>((longest + 3) / 4 * 4);
}

}  // namespace smic::decision
