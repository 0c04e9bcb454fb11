// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/automata/minimise_test.cpp.
#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/automata/canonical.h"
#include "compiler/automata/determinise.h"

namespace smic::automata {
namespace {

// One state per block, numbered breadth first from the start, targets in byte order.
class Quotient {
 public:
  Quotient(const Dfa& dfa, const std::vector<std::uint32_t>& block_of)
      : dfa_(dfa), block_of_(block_of), number_(dfa.states.size(), kNone) {}

  Dfa build() {
    out_.sets.emplace_back();
    set_number_.assign(dfa_.sets.size(), kNone);
    set_number_[0] = 0;  // the empty set, here as there
    number(0);
    for (std::size_t next = 0; next < order_.size(); ++next) add_state(order_[next]);
    return std::move(out_);
  }

 private:
  static constexpr std::uint32_t kNone = ~0u;

  std::uint32_t number(std::uint32_t state) {
    std::uint32_t& number = number_[block_of_[state]];
    if (number == kNone) {
      number = static_cast<std::uint32_t>(order_.size());
      order_.push_back(state);
    }
    return number;
  }

  void add_state(std::uint32_t state) {
    const auto rename = [&](std::uint32_t target) { return number(target); };
    number_in_byte_order(state);
    const Signature& signature = canonical_.signature(dfa_, state, rename);
    out_.states.push_back({.accept = set_number(dfa_.states[state].accept),
                           .default_to = signature.default_to,
                           .first_edge = static_cast<std::uint32_t>(out_.edges.size()),
                           .edge_count = static_cast<std::uint32_t>(signature.edges.size())});
    out_.edges.insert(out_.edges.end(), signature.edges.begin(), signature.edges.end());
  }

  void number_in_byte_order(std::uint32_t state) {
    const auto same = [](std::uint32_t target) { return target; };
    for (const Edge& edge : canonical_.all_bytes(dfa_, state, same)) number(edge.to);
  }

  std::uint32_t set_number(std::uint32_t set) {
    if (set_number_[set] == kNone) {
      set_number_[set] = static_cast<std::uint32_t>(out_.sets.size());
      out_.sets.push_back(dfa_.sets[set]);
    }
    return set_number_[set];
  }

  const Dfa& dfa_;
  const std::vector<std::uint32_t>& block_of_;
  std::vector<std::uint32_t> number_;  // per block
  std::vector<std::uint32_t> order_;   // a state of each numbered block
  std::vector<std::uint32_t> set_number_;
  Dfa out_;
  Canonical canonical_;
};

}  // namespace

Dfa minimise(const Dfa& dfa) {
  const std::vector<std::uint32_t> block_of = equal_states(dfa);
  return Quotient(dfa, block_of).build();
}

}  // namespace smic::automata
