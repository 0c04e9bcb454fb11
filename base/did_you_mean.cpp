// SPDX-License-Identifier: Apache-2.0
// Edit distance with transpositions (`Servcie`), ignoring case (`get`). A mesh can have 10,000
// services and as many wrong names, so distances are only computed within a narrow band around the
// diagonal and given up as soon as they are over the bound: about 100 ns a candidate.
#include "base/did_you_mean.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace smic {
namespace {

constexpr std::size_t kLongestName = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// How many slips a name of this length may have and still be taken for another.
std::size_t slips_allowed(std::size_t length) {
  return length <= 2 ? 0 : length <= 5 ? 1 : length <= 10 ? 2 : 3;
}

// The distance of a and b, or bound + 1 if it is more than `bound`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t bound) {
  const std::size_t too_far = bound + 1;
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > bound) return too_far;
  std::array<std::array<std::size_t, kLongestName + 1>, 3> rows;
  for (auto& row : rows) row.fill(too_far);
  for (std::size_t j = 0; j <= std::min(bound, b.size()); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& two_above = rows[(i + 1) % 3];
    const std::size_t first = i > bound ? i - bound : 0;
    const std::size_t last = std::min(b.size(), i + bound);
    std::size_t least = too_far;
    for (std::size_t j = first; j <= last; ++j) {
      if (j == 0) {
        row[0] = i;
      } else {
        const bool equal = lower(a[i - 1]) == lower(b[j - 1]);
        const std::size_t left = j > first ? row[j - 1] + 1 : too_far;
        const std::size_t up = j < i + bound ? above[j] + 1 : too_far;
        row[j] = std::min({left, up, above[j - 1] + (equal ? 0 : 1)});
        if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
            lower(a[i - 2]) == lower(b[j - 1])) {
          row[j] = std::min(row[j], two_above[j - 2] + 1);
        }
      }
      row[j] = std::min(row[j], too_far);
      least = std::min(least, row[j]);
    }
    if (least == too_far) return too_far;
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  if (name.size() > kLongestName) return {};
  std::size_t bound = slips_allowed(name.size());
  std::string_view best;
  for (const std::string& candidate : candidates) {
    if (candidate.empty() || candidate.size() > kLongestName || candidate == name) continue;
    const std::size_t slips = distance(name, candidate, bound);
    if (slips > bound) continue;
    if (slips == bound && !best.empty() && best <= candidate) continue;
    best = candidate;
    bound = slips;
  }
  return std::string(best);
}

std::string suggest(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = did_you_mean(name, candidates);
  return nearest.empty() ? std::string() : "did you mean `" + nearest + "`?";
}

}  // namespace smic
