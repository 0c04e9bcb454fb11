// SPDX-License-Identifier: Apache-2.0
// Patterns to groups. Most sets are one group and are built once. A set that explodes (many
// unanchored patterns, whose automata multiply) is cut, and the cutting must not cost more than the
// building: each attempt has a budget of work in proportion to its patterns, so that all attempts
// together cost a small multiple of one.
//
//   1. the whole set
//   2. failing that, the calm patterns and then the wild ones, each from left to right: a group
//      grows by doubling until it fails, or shrinks by halving until it succeeds, and the next
//      group starts at its size
//
// Wild are patterns that loop over nearly all bytes before their end (`.*x`): they multiply.
//
// A pattern alone may cost more than its share of a group, but not each of thousands: what they
// take beyond it comes out of the unit's budget. A pattern that finds too little left there, or is
// over its own budget, stays as it is and is run as a bit form.
//
// All budgets count work, not time: the same input is cut the same way on any machine.
//
// Tested by tests/unit/automata/build_test.cpp.
#include <algorithm>
#include <ranges>

#include "base/check.h"
#include "base/overload.h"
#include "compiler/automata/ast.h"
#include "compiler/automata/automata.h"
#include "compiler/automata/determinise.h"
#include "compiler/automata/nfa.h"

namespace smic::automata {
namespace {

constexpr std::size_t kFirstWildGroup = 8;

Budget alone_budget() {
  return {limits().states_per_pattern, limits().set_elements_per_group, limits().work_per_pattern};
}

// What a pattern may take and leave the unit's budget alone.
Budget share_of(const Nfa& nfa) {
  return {nfa.size(), limits().set_elements_per_group,
          limits().work_per_group + limits().work_per_program_edge * nfa.size()};
}

Budget group_budget(const Nfa& nfa) {
  return {limits().states_per_group, limits().set_elements_per_group,
          limits().work_per_group + limits().work_per_program_edge * nfa.size()};
}

Dfa as_bits(BitForm bits, std::uint32_t pattern) {
  Dfa form;
  form.sets = {{}, {pattern}};
  form.bits = std::move(bits);
  return form;
}

std::size_t minus(std::size_t a, std::size_t b) { return a > b ? a - b : 0; }

// Within the pattern's own share and what is left to the unit.
std::optional<Dfa> try_dfa(const Nfa& nfa, Anchor anchor, UnitBudget& unit) {
  const Budget share = share_of(nfa);
  const Budget most = alone_budget();
  const Budget given{std::min(most.states, share.states + unit.states), most.set_elements,
                     std::min(most.work, share.work + unit.work)};
  Budget left = given;
  auto dfa = determinise(nfa, anchor, left);
  unit.states = minus(unit.states, minus(given.states - left.states, share.states));
  unit.work = minus(unit.work, minus(given.work - left.work, share.work));
  return dfa;
}

// A pattern that passed check_alone has one of the two forms. Only where it has no bit form, its
// automaton is made whatever is left to the unit.
Dfa build_alone(const Member& member, Anchor anchor, UnitBudget& unit) {
  const std::optional<Nfa> nfa = to_nfa(merge_prefixes({&member, 1}), limits().program);
  SMIC_CHECK(nfa, "a pattern was not checked alone before it was built");
  if (auto dfa = try_dfa(*nfa, anchor, unit)) return *std::move(dfa);
  if (auto bits = to_bit_form(*nfa, anchor)) return as_bits(*std::move(bits), member.pattern);
  Budget budget = alone_budget();
  auto dfa = determinise(*nfa, anchor, budget);
  SMIC_CHECK(dfa, "a pattern was not checked alone before it was built");
  return *std::move(dfa);
}

std::optional<Dfa> try_group(std::span<const Member> members, Anchor anchor, UnitBudget& unit) {
  if (members.size() == 1) return build_alone(members[0], anchor, unit);
  const std::optional<Nfa> nfa = to_nfa(merge_prefixes(members), limits().program_per_group);
  if (!nfa) return std::nullopt;
  Budget budget = group_budget(*nfa);
  return determinise(*nfa, anchor, budget);
}

bool is_nearly_everything(const Ast& ast, NodeId node) {
  if (std::holds_alternative<AnyByte>(ast.nodes[node])) return true;
  const auto* set = std::get_if<Class>(&ast.nodes[node]);
  if (!set) return false;
  std::size_t ascii = 0;
  bool slash = false;
  for (const CodePointRange& range : set->ranges) {
    if (range.first > 0x7F) break;
    ascii += std::min<char32_t>(range.last, 0x7F) - range.first + 1;
    slash = slash || (range.first <= '/' && '/' <= range.last);
  }
  return slash && ascii >= 64;
}

// Does it loop over nearly everything, other than at its very end?
bool is_wild(const Ast& ast, NodeId id, bool at_end) {
  return std::visit(Overload{
                        [&](const Concat& concat) {
                          for (std::size_t i = 0; i < concat.parts.size(); ++i) {
                            const bool last = i + 1 == concat.parts.size();
                            if (is_wild(ast, concat.parts[i], at_end && last)) return true;
                          }
                          return false;
                        },
                        [&](const Alternate& alternate) {
                          return std::ranges::any_of(alternate.choices, [&](NodeId choice) {
                            return is_wild(ast, choice, at_end);
                          });
                        },
                        [&](const Repeat& repeat) {
                          if (is_wild(ast, repeat.body, false)) return true;
                          return !at_end && repeat.count.most == Count::kUnbounded &&
                                 is_nearly_everything(ast, repeat.body);
                        },
                        [](const auto&) { return false; },
                    },
                    ast.nodes[id]);
}

class Grouping {
 public:
  Grouping(Anchor anchor, UnitBudget& unit) : anchor_(anchor), unit_(unit) {}

  void add(std::span<const Member> members) {
    if (auto dfa = attempt(members)) return keep(members, *std::move(dfa));
    std::vector<Member> calm;
    std::vector<Member> wild;
    for (const Member& member : members) {
      (is_wild(*member.ast, member.ast->root, true) ? wild : calm).push_back(member);
    }
    cut(calm, wild.empty() ? calm.size() / 2 : calm.size());
    cut(wild, kFirstWildGroup);
  }

  std::vector<Group> take() {
    std::ranges::sort(groups_, {}, &Group::patterns);
    return std::move(groups_);
  }

 private:
  void cut(std::span<const Member> members, std::size_t size) {
    while (!members.empty()) {
      size = std::clamp<std::size_t>(size, 1, members.size());
      auto dfa = attempt(members.first(size));
      dfa = dfa ? grow(members, size, std::move(*dfa)) : shrink(members, size);
      keep(members.first(size), *std::move(dfa));
      members = members.subspan(size);
    }
  }

  std::optional<Dfa> grow(std::span<const Member> members, std::size_t& size, Dfa dfa) {
    while (size < members.size()) {
      const std::size_t larger = std::min(size * 2, members.size());
      auto next = attempt(members.first(larger));
      if (!next) break;
      dfa = std::move(*next);
      size = larger;
    }
    return dfa;
  }

  std::optional<Dfa> shrink(std::span<const Member> members, std::size_t& size) {
    std::optional<Dfa> dfa;
    while (!dfa) {
      size /= 2;  // ends at 1, where an attempt cannot fail
      dfa = attempt(members.first(size));
    }
    return dfa;
  }

  std::optional<Dfa> attempt(std::span<const Member> members) const {
    return try_group(members, anchor_, unit_);
  }

  void keep(std::span<const Member> members, Dfa dfa) {
    Group group{.dfa = dfa.bits ? std::move(dfa) : minimise(dfa)};
    for (const Member& member : members) group.patterns.push_back(member.pattern);
    std::ranges::sort(group.patterns);
    groups_.push_back(std::move(group));
  }

  Anchor anchor_;
  UnitBudget& unit_;
  std::vector<Group> groups_;
};

// Nearly every pattern is so short that its bit form is within the limits however its edges lie: at
// most a position for each, each followed by a run for each. Assertions but `$` split edges.
bool is_surely_small(const Nfa& nfa) {
  const std::size_t most = nfa.edges.size();
  const auto splits = [](const NfaNode& node) {
    return node.kind == NfaNode::Kind::look && node.look != Look::end_text;
  };
  return (most + 2) * (most + 2) <= std::min(limits().bit_steps, limits().work_per_bit_form) &&
         std::ranges::none_of(nfa.nodes, splits);
}

SyntaxError too_complex(const Ast& ast, const std::string& why) {
  return {.offset = 0,
          .length = std::max<std::size_t>(ast.pattern_length, 1),
          .message = "regex is too complex: " + why,
          .help =
              "counted repetition of large classes, and after a `.*`, costs most; a `+` or `*` "
              "in place of a count often says enough"};
}

}  // namespace

const Limits& limits() {
  static const Limits all;
  return all;
}

std::expected<void, SyntaxError> check_alone(const Regex& pattern, Anchor anchor) {
  const Member member{&pattern.ast(), 0};
  const std::optional<Nfa> nfa = to_nfa(merge_prefixes({&member, 1}), limits().program);
  if (!nfa) {
    return std::unexpected(
        too_complex(pattern.ast(), "it has more than " + std::to_string(limits().program) +
                                       " steps when its counts are written out"));
  }
  if (is_surely_small(*nfa) || to_bit_form(*nfa, anchor)) return {};
  Budget budget = alone_budget();
  if (determinise(*nfa, anchor, budget)) return {};
  return std::unexpected(too_complex(
      pattern.ast(), "to match it in one pass takes more than " +
                         std::to_string(limits().states_per_pattern) + " states, or more than " +
                         std::to_string(limits().bit_steps) + " steps for one byte"));
}

bool fits_one_automaton(const Regex& pattern, Anchor anchor) {
  const Member member{&pattern.ast(), 0};
  const std::optional<Nfa> nfa = to_nfa(merge_prefixes({&member, 1}), limits().program);
  Budget budget = alone_budget();
  return nfa && determinise(*nfa, anchor, budget);
}

std::vector<Group> build(const std::vector<Regex>& patterns, Anchor anchor, std::size_t max_group) {
  UnitBudget budget;
  return build(patterns, anchor, max_group, budget);
}

std::vector<Group> build(const std::vector<Regex>& patterns, Anchor anchor, std::size_t max_group,
                         UnitBudget& budget) {
  SMIC_CHECK(max_group > 0, "a group holds at least one pattern");
  std::vector<Member> members;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) members.push_back({&patterns[i].ast(), i});
  Grouping grouping(anchor, budget);
  for (std::size_t begin = 0; begin < members.size(); begin += max_group) {
    const std::size_t end = std::min(members.size(), begin + max_group);
    grouping.add(std::span(members).subspan(begin, end - begin));
  }
  return grouping.take();
}

}  // namespace smic::automata
