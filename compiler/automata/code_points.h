// SPDX-License-Identifier: Apache-2.0
// Sets of code points, 0 to 0x10FFFF, surrogates included as in RE2: what a character class is.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace smic::automata {

inline constexpr char32_t kLastCodePoint = 0x10FFFF;

struct CodePointRange {
  char32_t first = 0;
  char32_t last = 0;
  bool operator==(const CodePointRange&) const = default;
};

class CodePoints {
 public:
  void add(char32_t first, char32_t last) { ranges_.push_back({first, last}); }
  void add(const CodePoints& other);
  void negate();
  void fold();  // adds what differs from a member by case only
  bool contains(char32_t point) const;

  // Sorted, disjoint and not even touching.
  const std::vector<CodePointRange>& ranges() const;

 private:
  mutable std::vector<CodePointRange> ranges_;  // normal up to normal_, then as added
  mutable std::size_t normal_ = 0;
};

// All code points that equal `point` but for case, itself included.
CodePoints fold_orbit(char32_t point);
bool has_case(char32_t point);

// \d \s \w by their letter; [:alpha:] by its name; \p{Greek}, \p{Lu}, \p{Any} by theirs.
std::optional<CodePoints> perl_class(char letter);
std::optional<CodePoints> posix_class(std::string_view name);
std::optional<CodePoints> unicode_class(std::string_view name);

std::vector<std::string_view> unicode_class_names();

}  // namespace smic::automata
