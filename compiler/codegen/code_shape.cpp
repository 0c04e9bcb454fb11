// SPDX-License-Identifier: Apache-2.0
#include "compiler/codegen/code_shape.h"

#include <algorithm>

#include "contract/tables.h"

namespace smic::codegen {
namespace {

using namespace contract;

Mask read_mask(const TablesView& tables, std::uint32_t index) {
  const TablesHeader& header = tables.header();
  Mask mask{};
  for (std::uint32_t word = 0; word < header.destination_words; ++word) {
    mask[word] = tables.at<std::uint64_t>(
        header.mask_table + 8 * (std::uint64_t{header.destination_words} * index + word));
  }
  return mask;
}

OutcomeCode read_outcome(const TablesView& tables, std::uint32_t route, std::uint32_t row) {
  OutcomeCode outcome;
  outcome.route = std::min(route, tables.header().routes - 1);
  for (std::uint64_t at = row; at != 0; at += sizeof(TermRecord)) {
    const auto term = tables.at<TermRecord>(at);
    const auto key = term.key == kEverySource ? std::nullopt : std::optional(term.key);
    outcome.terms.push_back({key, read_mask(tables, term.mask & ~kLastTerm)});
    if ((term.mask & kLastTerm) != 0 || outcome.terms.size() > kMaxCodeTerms) break;
  }
  return outcome;
}

OutcomeCode read_outcome(const TablesView& tables, std::uint32_t number) {
  const auto record = tables.at<OutcomeRecord>(tables.header().outcome_table +
                                               sizeof(OutcomeRecord) * std::uint64_t{number});
  return read_outcome(tables, record.route, record.row);
}

bool asks_cells(const OutcomeCode& outcome) {
  return std::ranges::any_of(outcome.terms, [](const auto& term) { return term.key.has_value(); });
}

// False if there are too many terms, or cells that are not dense.
bool read_start(const TablesView& tables, MatchCode& match) {
  std::size_t terms = 0;
  bool cells = false;
  for (std::uint32_t method = 0; method < kMethodCount; ++method) {
    const auto record = tables.at<OutcomeRecord>(tables.header().start +
                                                 sizeof(OutcomeRecord) * std::uint64_t{method});
    const OutcomeCode outcome = read_outcome(tables, record.route, record.row);
    const auto known = std::ranges::find(match.outcomes, outcome);
    match.of_method[method] = static_cast<std::uint32_t>(known - match.outcomes.begin());
    if (known != match.outcomes.end()) continue;
    match.outcomes.push_back(outcome);
    terms += outcome.terms.size();
    cells |= asks_cells(outcome);
  }
  return terms <= kMaxCodeTerms && (!cells || tables.header().cells_form == kCellsDense);
}

// ---- leaves ------------------------------------------------------------------------------------

bool fits(const TablesView& tables, const OutcomeCode& outcome) {
  return outcome.terms.size() <= kMaxLeafTerms &&
         (!asks_cells(outcome) || tables.header().cells_form == kCellsDense);
}

LeafCode read_inline_leaf(const TablesView& tables, std::uint32_t leaf) {
  const std::uint32_t methods = inline_methods(leaf);
  OutcomeCode outcome = read_outcome(tables, inline_outcome(leaf));
  if (!fits(tables, outcome)) return {.kernel_at = leaf, .kernel_methods = methods};
  return {.entries = {{methods, std::move(outcome)}}};
}

LeafCode read_leaf(const TablesView& tables, std::uint32_t offset) {
  constexpr std::uint32_t kEveryMethod = (1u << kMethodCount) - 1;
  if (offset & kLeafInline) return read_inline_leaf(tables, offset);
  const auto record = tables.at<LeafRecord>(offset);
  if (record.entries == kTestLeaf) {
    const std::uint32_t methods = tables.at<TestLeafRecord>(offset).methods;
    return {.kernel_at = offset, .kernel_methods = methods & kEveryMethod};
  }
  if (record.list != 0) return {.kernel_at = offset, .kernel_methods = kEveryMethod};
  LeafCode leaf;
  std::uint32_t methods = 0;
  std::size_t terms = 0;
  bool direct = record.triggers == 0 && record.entries <= kMaxLeafTerms;
  std::uint64_t at = std::uint64_t{offset} + sizeof(LeafRecord);
  for (std::uint32_t i = 0; i < record.entries; ++i, at += sizeof(EntryRecord)) {
    const auto entry = tables.at<EntryRecord>(at);
    methods |= entry.methods;
    if (!direct) continue;
    leaf.entries.push_back({entry.methods, read_outcome(tables, entry.outcome)});
    const OutcomeCode& outcome = leaf.entries.back().outcome;
    terms += outcome.terms.size();
    direct = terms <= kMaxLeafTerms && fits(tables, outcome);
  }
  for (std::uint32_t i = 0; i < record.triggers; ++i, at += sizeof(TriggerRecord)) {
    methods |= tables.at<TriggerRecord>(at).methods;
  }
  if (direct) return leaf;
  return {.kernel_at = offset, .kernel_methods = methods & kEveryMethod};
}

std::optional<MatchCode> read_match(const TablesView& tables) {
  const TablesHeader& header = tables.header();
  MatchCode match{.source_classes = header.source_classes,
                  .words = header.destination_words,
                  .cell_table = header.cell_table,
                  .mask_table = header.mask_table};
  if (!read_start(tables, match)) return std::nullopt;
  auto paths = read_path_code(tables, kMaxPathOps, kMaxPathBytes);
  if (!paths || paths->leaves.size() > kMaxPathOps) return std::nullopt;
  match.paths = std::move(*paths);
  for (const std::uint32_t leaf : match.paths.leaves) {
    LeafCode code = read_leaf(tables, leaf);
    const auto known = std::ranges::find(match.leaves, code);
    match.of_leaf.push_back(static_cast<std::uint32_t>(known - match.leaves.begin()));
    if (known == match.leaves.end()) match.leaves.push_back(std::move(code));
  }
  if (header.base_leaf != 0) match.base = read_leaf(tables, header.base_leaf);
  const auto asks = [](const LeafCode& leaf) {
    return std::ranges::any_of(leaf.entries, asks_cells, &EntryCode::outcome);
  };
  if (std::ranges::none_of(match.outcomes, asks_cells) &&
      std::ranges::none_of(match.leaves, asks) && !(match.base && asks(*match.base))) {
    match.source_classes = match.cell_table = match.mask_table = 0;  // not used
  }
  return match;
}

std::optional<SplitCode> read_split(const TablesView& tables) {
  if (tables.header().routes > kMaxCodeRoutes) return std::nullopt;
  SplitCode split;
  std::size_t backends = 0;
  for (std::uint32_t route = 0; route < tables.header().routes; ++route) {
    const auto record = tables.at<RouteRecord>(tables.header().route_table +
                                               sizeof(RouteRecord) * std::uint64_t{route});
    backends += record.backends;
    if (backends > kMaxCodeBackends) return std::nullopt;
    const std::uint64_t last = record.cumulative + 8 * (std::uint64_t{record.backends} - 1);
    if (record.backends == 0 || tables.at<std::uint64_t>(last) == 0) {
      split.emplace_back();
    } else {
      split.push_back({record.backends, record.backends == 1 ? 0 : record.cumulative});
    }
  }
  return split;
}

}  // namespace

CodeShape read_code_shape(const decision::Decision& decision) {
  const TablesView tables(decision.tables);
  return {read_match(tables), read_split(tables)};
}

}  // namespace smic::codegen
