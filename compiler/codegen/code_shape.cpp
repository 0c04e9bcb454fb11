// SPDX-License-Identifier: Apache-2.0
#include "compiler/codegen/code_shape.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "contract/tables.h"

namespace smic::codegen {
namespace {

using namespace contract;

// The tables as records. What is out of place here is a bug of compiler/decision.
class Tables {
 public:
  explicit Tables(const std::vector<std::uint8_t>& bytes)
      : bytes_(bytes), header_(at<TablesHeader>(0)) {}

  template <class T>
  T at(std::uint64_t offset) const {
    SMIC_CHECK(offset + sizeof(T) <= bytes_.size(), "a decision's tables refer beyond their end");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  const TablesHeader& header() const { return header_; }

  Mask mask(std::uint32_t index) const {
    Mask mask{};
    for (std::uint32_t word = 0; word < header_.destination_words; ++word) {
      mask[word] = at<std::uint64_t>(header_.mask_table +
                                     8 * (std::uint64_t{header_.destination_words} * index + word));
    }
    return mask;
  }

 private:
  const std::vector<std::uint8_t>& bytes_;
  TablesHeader header_;
};

OutcomeCode read_outcome(const Tables& tables, std::uint32_t method) {
  const auto record = tables.at<OutcomeRecord>(tables.header().start +
                                               sizeof(OutcomeRecord) * std::uint64_t{method});
  OutcomeCode outcome;
  outcome.route = std::min(record.route, tables.header().routes - 1);
  for (std::uint64_t at = record.row; at != 0; at += sizeof(TermRecord)) {
    const auto term = tables.at<TermRecord>(at);
    const auto key = term.key == kEverySource ? std::nullopt : std::optional(term.key);
    outcome.terms.push_back({key, tables.mask(term.mask & ~kLastTerm)});
    if ((term.mask & kLastTerm) != 0 || outcome.terms.size() > kMaxCodeTerms) break;
  }
  return outcome;
}

std::optional<MatchCode> read_match(const Tables& tables) {
  const TablesHeader& header = tables.header();
  if (header.path_groups != 0 || header.base_leaf != 0) return std::nullopt;
  MatchCode match{.source_classes = header.source_classes,
                  .words = header.destination_words,
                  .cell_table = header.cell_table,
                  .mask_table = header.mask_table};
  std::size_t terms = 0;
  bool asks_cells = false;
  for (std::uint32_t method = 0; method < kMethodCount; ++method) {
    const OutcomeCode outcome = read_outcome(tables, method);
    const auto known = std::ranges::find(match.outcomes, outcome);
    match.of_method[method] = static_cast<std::uint32_t>(known - match.outcomes.begin());
    if (known != match.outcomes.end()) continue;
    match.outcomes.push_back(outcome);
    terms += outcome.terms.size();
    asks_cells |=
        std::ranges::any_of(outcome.terms, [](const auto& term) { return term.key.has_value(); });
  }
  if (terms > kMaxCodeTerms || (asks_cells && header.cells_dense == 0)) return std::nullopt;
  if (!asks_cells) match.source_classes = match.cell_table = match.mask_table = 0;  // not used
  return match;
}

std::optional<SplitCode> read_split(const Tables& tables) {
  if (tables.header().routes > kMaxCodeRoutes) return std::nullopt;
  SplitCode split;
  std::size_t backends = 0;
  for (std::uint32_t route = 0; route < tables.header().routes; ++route) {
    const auto record = tables.at<RouteRecord>(tables.header().route_table +
                                               sizeof(RouteRecord) * std::uint64_t{route});
    backends += record.backends;
    if (backends > kMaxCodeBackends) return std::nullopt;
    auto& cumulative = split.emplace_back();
    for (std::uint32_t i = 0; i < record.backends; ++i) {
      cumulative.push_back(tables.at<std::uint64_t>(record.cumulative + 8 * std::uint64_t{i}));
    }
  }
  return split;
}

}  // namespace

CodeShape read_code_shape(const decision::Decision& decision) {
  const Tables tables(decision.tables);
  return {read_match(tables), read_split(tables)};
}

}  // namespace smic::codegen
