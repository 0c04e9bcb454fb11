// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/automata/code_points_test.cpp, and by every class that RE2 judges.
#include "compiler/automata/code_points.h"

#include <algorithm>
#include <cstdint>
#include <span>

namespace smic::automata {
namespace {

struct UnicodeClass {
  std::string_view name;
  std::uint32_t begin = 0;
  std::uint32_t count = 0;
};

struct FoldStep {  // the orbit's next member
  char32_t point = 0;
  char32_t next = 0;
};

#include "automata/unicode_tables.inc"

const FoldStep* fold_step(char32_t point) {
  const auto* step = std::ranges::lower_bound(kFoldSteps, point, {}, &FoldStep::point);
  return step != std::end(kFoldSteps) && step->point == point ? step : nullptr;
}

struct NamedRanges {
  std::string_view name;
  std::vector<CodePointRange> ranges;
};

const NamedRanges* find(const std::vector<NamedRanges>& classes, std::string_view name) {
  const auto found = std::ranges::find(classes, name, &NamedRanges::name);
  return found == classes.end() ? nullptr : &*found;
}

CodePoints from_ranges(std::span<const CodePointRange> ranges) {
  CodePoints points;
  for (const CodePointRange& range : ranges) points.add(range.first, range.last);
  return points;
}

const std::vector<NamedRanges>& perl_classes() {
  static const std::vector<NamedRanges> classes = {
      {"d", {{'0', '9'}}},
      {"s", {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}}},
      {"w", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
  };
  return classes;
}

const std::vector<NamedRanges>& posix_classes() {
  static const std::vector<NamedRanges> classes = {
      {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
      {"ascii", {{0x00, 0x7F}}},
      {"blank", {{'\t', '\t'}, {' ', ' '}}},
      {"cntrl", {{0x00, 0x1F}, {0x7F, 0x7F}}},
      {"digit", {{'0', '9'}}},
      {"graph", {{'!', '~'}}},
      {"lower", {{'a', 'z'}}},
      {"print", {{' ', '~'}}},
      {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"space", {{'\t', '\r'}, {' ', ' '}}},
      {"upper", {{'A', 'Z'}}},
      {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
      {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
  };
  return classes;
}

}  // namespace

void CodePoints::add(const CodePoints& other) {
  const std::vector<CodePointRange>& ranges = other.ranges();
  ranges_.insert(ranges_.end(), ranges.begin(), ranges.end());
}

const std::vector<CodePointRange>& CodePoints::ranges() const {
  if (normal_ == ranges_.size()) return ranges_;
  std::ranges::sort(ranges_, {}, &CodePointRange::first);
  std::size_t kept = 0;
  for (const CodePointRange range : ranges_) {
    if (kept > 0 && range.first <= ranges_[kept - 1].last + 1) {
      ranges_[kept - 1].last = std::max(ranges_[kept - 1].last, range.last);
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.resize(kept);
  normal_ = kept;
  return ranges_;
}

void CodePoints::negate() {
  std::vector<CodePointRange> gaps;
  char32_t next = 0;
  for (const CodePointRange& range : ranges()) {
    if (next < range.first) gaps.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) gaps.push_back({next, kLastCodePoint});
  ranges_ = std::move(gaps);
  normal_ = ranges_.size();
}

void CodePoints::fold() {
  const std::vector<CodePointRange> before = ranges();
  for (const CodePointRange& range : before) {
    const auto* step = std::ranges::lower_bound(kFoldSteps, range.first, {}, &FoldStep::point);
    for (; step != std::end(kFoldSteps) && step->point <= range.last; ++step) {
      for (char32_t other = step->next; other != step->point; other = fold_step(other)->next) {
        add(other, other);
      }
    }
  }
}

bool CodePoints::contains(char32_t point) const {
  const auto after = std::ranges::upper_bound(ranges(), point, {}, &CodePointRange::first);
  return after != ranges_.begin() && point <= std::prev(after)->last;
}

CodePoints fold_orbit(char32_t point) {
  CodePoints points;
  points.add(point, point);
  points.fold();
  return points;
}

bool has_case(char32_t point) { return fold_step(point) != nullptr; }

std::optional<CodePoints> perl_class(char letter) {
  const NamedRanges* found = find(perl_classes(), std::string_view(&letter, 1));
  if (!found) return std::nullopt;
  return from_ranges(found->ranges);
}

std::optional<CodePoints> posix_class(std::string_view name) {
  const NamedRanges* found = find(posix_classes(), name);
  if (!found) return std::nullopt;
  return from_ranges(found->ranges);
}

std::optional<CodePoints> unicode_class(std::string_view name) {
  if (name == "Any") return from_ranges(std::vector<CodePointRange>{{0, kLastCodePoint}});
  const auto* found = std::ranges::lower_bound(kUnicodeClasses, name, {}, &UnicodeClass::name);
  if (found == std::end(kUnicodeClasses) || found->name != name) return std::nullopt;
  return from_ranges(std::span(kUnicodeRanges).subspan(found->begin, found->count));
}

std::vector<std::string_view> unicode_class_names() {
  std::vector<std::string_view> names = {"Any"};
  for (const UnicodeClass& each : kUnicodeClasses) names.push_back(each.name);
  return names;
}

}  // namespace smic::automata
