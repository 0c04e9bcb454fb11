// SPDX-License-Identifier: Apache-2.0
// Graph → tables (contract/tables.h). Parts that many decisions share come first, so that they lie
// together and stay in the cache; then leaves that are listed; then programs with their leaves
// among them.
//
// Tested by tests/unit/decision/decide_test.cpp against the naive interpreter; contract's
// check_tables() must accept everything that is written here.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <map>

#include "base/check.h"
#include "compiler/decision/graph.h"
#include "compiler/decision/needle.h"
#include "compiler/decision/program.h"

namespace smic::decision {
namespace {

using contract::TablesHeader;

// A matrix of classes × keys is used while it is at most so much larger than its real cells.
constexpr std::size_t kDenseCellsPerCell = 4;
constexpr std::size_t kDenseCellsFree = 1024;

class Encoder {
 public:
  explicit Encoder(const Graph& graph)
      : graph_(graph), rows_(graph.access.rows.size()), leaves_(graph.leaves.size()) {}

  std::vector<std::uint8_t> encode() {
    out_.skip(sizeof(TablesHeader));
    write_routes();
    write_masks();
    write_cells();
    write_rows();
    write_start();
    write_lists();
    write_slots();
    write_paths();
    write_outcomes();
    write_byte_classes();
    out_.align(8);
    out_.skip(contract::kTablesPadding);
    write_header();
    return out_.take();
  }

 private:
  void write_routes();
  void write_masks();
  void write_cells();
  void write_dense_cells();
  void write_cell_bits(std::size_t matrix);
  void write_hashed_cells(std::uint32_t bits);
  void write_rows();
  void write_start();
  void write_outcomes();
  void write_lists();
  void write_slots();
  void write_paths();
  void write_byte_classes();
  void write_header();

  void put_outcome(const Outcome& outcome) {
    out_.put32(outcome.route);
    out_.put32(rows_[outcome.row]);
  }
  std::uint32_t number_of(const Outcome& outcome);
  std::uint32_t place_leaf(std::uint32_t leaf);
  std::optional<std::uint32_t> inlined(const Leaf& leaf);
  bool write_test_leaf(const Leaf& leaf);
  std::uint32_t write_leaf(const Leaf& leaf);
  std::uint32_t write_conditions(const std::vector<Entry>& entries);
  std::uint32_t write_patterns(const std::vector<std::uint32_t>& patterns);
  std::uint32_t write_needles(const HeaderSlot& slot);
  void put_refs(const std::vector<std::uint32_t>& refs) {
    for (const std::uint32_t ref : refs) out_.put32(ref);
  }

  const Graph& graph_;
  TableWriter out_;
  TablesHeader header_{};
  ByteClasses byte_classes_;
  std::vector<std::uint32_t> rows_;    // offset per row
  std::vector<std::uint32_t> leaves_;  // as tables refer to them, 0 = not placed
  std::vector<std::uint32_t> lists_;   // offset per list node
  std::map<Outcome, std::uint32_t> outcome_ids_;
  std::vector<Outcome> outcomes_;
};

void Encoder::write_routes() {
  header_.routes = static_cast<std::uint32_t>(graph_.weights.size());
  out_.align(8);
  std::vector<std::uint32_t> offsets;
  for (const auto& weights : graph_.weights) {
    offsets.push_back(out_.position());
    std::uint64_t sum = 0;
    for (const std::uint32_t weight : weights) out_.put64(sum += weight);
  }
  header_.route_table = out_.position();
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    out_.put32(static_cast<std::uint32_t>(graph_.weights[i].size()));
    out_.put32(offsets[i]);
  }
}

void Encoder::write_masks() {
  out_.align(8);
  header_.destination_words = (graph_.access.destinations + 63) / 64;
  header_.masks = static_cast<std::uint32_t>(graph_.access.masks.size());
  header_.mask_table = out_.position();
  for (const DestinationMask& mask : graph_.access.masks) {
    for (std::uint32_t w = 0; w < header_.destination_words; ++w) out_.put64(mask[w]);
  }
}

void Encoder::write_cells() {
  const auto& keys = graph_.access.keys;
  std::size_t cells = 0;
  for (const auto& row : keys) cells += row.size();
  header_.keys = static_cast<std::uint32_t>(keys.size());
  header_.source_classes = graph_.access.source_classes;
  header_.cell_table = out_.position();
  const std::size_t matrix = keys.size() * header_.source_classes;
  if (matrix <= kDenseCellsPerCell * cells + kDenseCellsFree) return write_dense_cells();
  // Half full at most; hashes of small dense numbers spread well, so probes stay few.
  const auto bits = static_cast<std::uint32_t>(std::bit_width(2 * cells));
  const bool all_full = std::ranges::all_of(keys, [](const auto& row) {
    return std::ranges::all_of(row, [](const Cell& cell) { return cell.mask == 1; });
  });
  if (all_full && matrix / 8 <= sizeof(contract::CellRecord) << bits) {
    return write_cell_bits(matrix);
  }
  write_hashed_cells(bits);
}

void Encoder::write_cell_bits(std::size_t matrix) {
  header_.cells_form = contract::kCellsBits;
  std::vector<std::uint8_t> bytes((matrix + 7) / 8);
  for (std::size_t key = 0; key < graph_.access.keys.size(); ++key) {
    for (const Cell& cell : graph_.access.keys[key]) {
      const std::size_t index = key * header_.source_classes + cell.source_class;
      bytes[index / 8] |= static_cast<std::uint8_t>(1u << index % 8);
    }
  }
  for (const std::uint8_t byte : bytes) out_.put8(byte);
  out_.align(4);
}

void Encoder::write_dense_cells() {
  header_.cells_form = contract::kCellsDense;
  for (const auto& cells : graph_.access.keys) {
    std::vector<std::uint32_t> masks(header_.source_classes);
    for (const Cell& cell : cells) masks[cell.source_class] = cell.mask;
    for (const std::uint32_t mask : masks) out_.put32(mask);
  }
}

void Encoder::write_hashed_cells(std::uint32_t bits) {
  struct Slot {
    std::uint32_t key = contract::kNoKey;
    Cell cell;
  };
  std::vector<Slot> slots(std::size_t{1} << bits);
  header_.cell_bits = bits;
  for (std::uint32_t key = 0; key < graph_.access.keys.size(); ++key) {
    for (const Cell& cell : graph_.access.keys[key]) {
      const std::uint32_t hash = contract::cell_hash(key, cell.source_class);
      std::uint32_t probe = 0;
      while (slots[(hash + probe) % slots.size()].key != contract::kNoKey) ++probe;
      slots[(hash + probe) % slots.size()] = {key, cell};
      header_.cell_probes = std::max(header_.cell_probes, probe + 1);
    }
  }
  for (const Slot& slot : slots) {
    out_.put32(slot.key);
    out_.put32(slot.cell.source_class);
    out_.put32(slot.cell.mask);
  }
}

void Encoder::write_rows() {
  std::vector<bool> used(graph_.access.rows.size());
  for (const std::uint32_t row : used_rows(graph_)) used[row] = true;
  for (std::size_t row = 1; row < used.size(); ++row) {
    if (!used[row]) continue;
    rows_[row] = out_.position();
    const Row& terms = graph_.access.rows[row];
    for (std::size_t i = 0; i < terms.size(); ++i) {
      out_.put32(terms[i].key);
      out_.put32(terms[i].mask | (i + 1 == terms.size() ? contract::kLastTerm : 0));
    }
  }
}

void Encoder::write_start() {
  header_.start = out_.position();
  for (const Outcome& outcome : graph_.start) put_outcome(outcome);
}

std::uint32_t Encoder::number_of(const Outcome& outcome) {
  const auto next = static_cast<std::uint32_t>(outcomes_.size());
  const auto [at, fresh] = outcome_ids_.try_emplace(outcome, next);
  if (fresh) outcomes_.push_back(outcome);
  return at->second;
}

void Encoder::write_outcomes() {
  header_.outcomes = static_cast<std::uint32_t>(outcomes_.size());
  header_.outcome_table = out_.position();
  for (const Outcome& outcome : outcomes_) put_outcome(outcome);
}

std::uint32_t Encoder::write_conditions(const std::vector<Entry>& entries) {
  const std::uint32_t at = out_.position();
  out_.put32(static_cast<std::uint32_t>(entries.size()));
  for (const Entry& entry : entries) {
    SMIC_CHECK(entry.needs.size() <= 0xffff, "a match needs more header words than fit");
    out_.put16(entry.methods);
    out_.put16(static_cast<std::uint32_t>(entry.needs.size()));
    out_.put32(number_of(entry.outcome));
    for (const Need& need : entry.needs) {
      out_.put32(need.slot);
      out_.put32(need.word);
      out_.put64(need.mask);
    }
  }
  return at;
}

ir::MethodSet methods_of(const Trigger& trigger) {
  ir::MethodSet methods = 0;
  for (const auto& entries : trigger.bits) {
    for (const Entry& entry : entries) methods |= entry.methods;
  }
  return methods;
}

std::uint32_t Encoder::place_leaf(std::uint32_t index) {
  if (leaves_[index] != 0) return leaves_[index];
  const Leaf& leaf = graph_.leaves[index];
  if (const auto inlined = this->inlined(leaf)) return leaves_[index] = *inlined;
  const std::uint32_t at = out_.position();
  if (write_test_leaf(leaf)) return leaves_[index] = at;
  return leaves_[index] = write_leaf(leaf);
}

// A leaf that is nothing but one entry.
std::optional<std::uint32_t> Encoder::inlined(const Leaf& leaf) {
  if (leaf.entries.size() != 1 || !leaf.triggers.empty() || leaf.list) return std::nullopt;
  const std::uint32_t outcome = number_of(leaf.entries[0].outcome);
  if (outcome >= contract::kInlineOutcomes) return std::nullopt;
  return contract::inline_leaf(leaf.entries[0].methods, outcome);
}

// A leaf that is nothing but one entry which one header pattern sets off.
bool Encoder::write_test_leaf(const Leaf& leaf) {
  if (!leaf.entries.empty() || leaf.triggers.size() != 1 || leaf.list) return false;
  const Trigger& trigger = leaf.triggers[0];
  if (trigger.bits.size() != 1 || trigger.bits[0].size() != 1) return false;
  const Entry& entry = trigger.bits[0][0];
  const std::uint64_t pattern =
      64ull * trigger.word + static_cast<std::uint32_t>(std::countr_zero(trigger.relevant));
  if (!entry.needs.empty() || trigger.slot > 0xffff || pattern > 0xffff) return false;
  out_.put16(contract::kTestLeaf);
  out_.put16(entry.methods);
  out_.put16(trigger.slot);
  out_.put16(static_cast<std::uint32_t>(pattern));
  out_.put32(number_of(entry.outcome));
  return true;
}

// Conditions first: the leaf itself should be the last that is written, next to its op.
std::uint32_t Encoder::write_leaf(const Leaf& leaf) {
  std::vector<std::uint32_t> bits;
  for (const Trigger& trigger : leaf.triggers) {
    std::vector<std::uint32_t> lists;
    for (const auto& entries : trigger.bits) lists.push_back(write_conditions(entries));
    bits.push_back(out_.position());
    for (const std::uint32_t list : lists) out_.put32(list);
  }
  SMIC_CHECK(leaf.triggers.size() <= 0xffff, "a leaf asks for more header words than fit");
  SMIC_CHECK(leaf.entries.size() < contract::kTestLeaf, "a leaf has more entries than fit");
  const std::uint32_t at = out_.position();
  out_.put16(static_cast<std::uint32_t>(leaf.entries.size()));
  out_.put16(static_cast<std::uint32_t>(leaf.triggers.size()));
  out_.put32(leaf.list ? lists_[*leaf.list] : 0);
  for (const Entry& entry : leaf.entries) {
    out_.put16(entry.methods);
    out_.put16(0);
    out_.put32(number_of(entry.outcome));
  }
  for (std::size_t i = 0; i < leaf.triggers.size(); ++i) {
    const Trigger& trigger = leaf.triggers[i];
    out_.put32(trigger.slot);
    out_.put32(trigger.word);
    out_.put64(trigger.relevant);
    out_.put32(methods_of(trigger));
    out_.put32(bits[i]);
  }
  return at;
}

void Encoder::write_lists() {
  header_.lists = static_cast<std::uint32_t>(graph_.lists.size());
  for (const ListNode& node : graph_.lists) place_leaf(node.leaf);
  for (const ListNode& node : graph_.lists) {
    lists_.push_back(out_.position());
    out_.put32(leaves_[node.leaf]);
    out_.put32(node.next ? lists_[*node.next] : 0);
  }
  header_.base_leaf = graph_.base_leaf ? place_leaf(*graph_.base_leaf) : 0;
}

std::uint32_t Encoder::write_patterns(const std::vector<std::uint32_t>& patterns) {
  std::vector<std::pair<std::uint32_t, std::uint64_t>> words;
  for (const std::uint32_t pattern : patterns) {  // sorted
    if (words.empty() || words.back().first != pattern / 64) words.emplace_back(pattern / 64, 0);
    words.back().second |= std::uint64_t{1} << pattern % 64;
  }
  const std::uint32_t at = out_.position();
  out_.put32(static_cast<std::uint32_t>(words.size()));
  for (const auto& [word, mask] : words) {
    out_.put32(word);
    out_.put64(mask);
  }
  return at;
}

// The pattern set's bits, 0 where the pattern is no needle; 0 if none is.
std::uint32_t Encoder::write_needles(const HeaderSlot& slot) {
  std::vector<std::uint32_t> needles(std::size_t{64} * slot.words());
  bool any = false;
  for (std::size_t i = 0; i < slot.patterns.size(); ++i) {
    const std::optional<std::string> needle = needle_of(slot.patterns[i]);
    if (!needle) continue;
    any = true;
    needles[i] = out_.position();
    out_.put32(static_cast<std::uint32_t>(needle->size()));
    for (const char c : *needle) out_.put8(static_cast<std::uint8_t>(c));
    out_.align(4);
  }
  if (!any) return 0;
  const std::uint32_t at = out_.position();
  put_refs(needles);
  return at;
}

void Encoder::write_slots() {
  std::vector<std::array<std::uint32_t, 5>> records;
  for (const HeaderSlot& slot : graph_.slots) {
    std::vector<std::uint32_t> roots;
    for (const automata::Dfa& dfa : slot.groups) {
      roots.push_back(write_program(out_, dfa, byte_classes_, [&](std::uint32_t set) {
        return write_patterns(dfa.sets[set]);
      }));
    }
    const std::uint32_t needles = write_needles(slot);
    records.push_back({header_.header_words, slot.words(), static_cast<std::uint32_t>(roots.size()),
                       out_.position(), needles});
    header_.header_words += slot.words();
    put_refs(roots);
  }
  header_.slots = static_cast<std::uint32_t>(records.size());
  header_.slot_table = out_.position();
  for (const auto& record : records) {
    for (const std::uint32_t field : record) out_.put32(field);
  }
}

void Encoder::write_paths() {
  std::vector<std::uint32_t> roots;
  for (const PathGroup& group : graph_.groups) {
    roots.push_back(write_program(out_, group.dfa, byte_classes_, [&](std::uint32_t set) {
      return group.leaves[set] ? place_leaf(*group.leaves[set]) : 0;
    }));
  }
  header_.path_groups = static_cast<std::uint32_t>(roots.size());
  header_.path_roots = out_.position();
  put_refs(roots);
}

void Encoder::write_byte_classes() {
  out_.align(8);
  header_.byte_classes = static_cast<std::uint32_t>(byte_classes_.all().size());
  header_.byte_class_table = out_.position();
  constexpr std::uint64_t kEachByte = 0x0101010101010101;
  for (const ByteClasses::Set& set : byte_classes_.all()) {
    for (const std::uint64_t word : set) out_.put64(word);
    std::vector<ByteRange> ranges = ranges_of(set).value_or(std::vector<ByteRange>{});
    for (const ByteRange& range : ranges) out_.put64((0x80 - range.first) * kEachByte);
    out_.skip(8 * (contract::kClassRanges - ranges.size()));
    for (const ByteRange& range : ranges) out_.put64((0x7f - range.last) * kEachByte);
    out_.skip(8 * (contract::kClassRanges - ranges.size()));
  }
}

void Encoder::write_header() {
  header_.magic = contract::kTablesMagic;
  header_.version = contract::kTablesVersion;
  header_.size = out_.position();
  const auto fields = std::bit_cast<std::array<std::uint32_t, sizeof(TablesHeader) / 4>>(header_);
  for (std::uint32_t i = 0; i < fields.size(); ++i) out_.patch32(4 * i, fields[i]);
}

}  // namespace

std::vector<std::uint8_t> encode(const Graph& graph) { return Encoder(graph).encode(); }

}  // namespace smic::decision
