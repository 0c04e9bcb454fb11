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

Budget group_budget(const Nfa& nfa) {
  return {limits().states_per_group, limits().set_elements_per_group,
          limits().work_per_group + limits().work_per_program_edge * nfa.size()};
}

std::optional<Dfa> try_group(std::span<const Member> members, Anchor anchor) {
  const bool alone = members.size() == 1;
  const std::optional<Nfa> nfa =
      to_nfa(merge_prefixes(members), alone ? limits().program : limits().program_per_group);
  if (!nfa) return std::nullopt;
  return determinise(*nfa, anchor, alone ? alone_budget() : group_budget(*nfa));
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
  explicit Grouping(Anchor anchor) : anchor_(anchor) {}

  void add(std::span<const Member> members) {
    if (auto dfa = try_group(members, anchor_)) return keep(members, *dfa);
    SMIC_CHECK(members.size() > 1, "a pattern was not checked alone before it was built");
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
      auto dfa = try_group(members.first(size), anchor_);
      dfa = dfa ? grow(members, size, std::move(*dfa)) : shrink(members, size);
      keep(members.first(size), *dfa);
      members = members.subspan(size);
    }
  }

  std::optional<Dfa> grow(std::span<const Member> members, std::size_t& size, Dfa dfa) {
    while (size < members.size()) {
      const std::size_t larger = std::min(size * 2, members.size());
      auto next = try_group(members.first(larger), anchor_);
      if (!next) break;
      dfa = std::move(*next);
      size = larger;
    }
    return dfa;
  }

  std::optional<Dfa> shrink(std::span<const Member> members, std::size_t& size) {
    std::optional<Dfa> dfa;
    while (!dfa) {
      SMIC_CHECK(size > 1, "a pattern was not checked alone before it was built");
      size /= 2;
      dfa = try_group(members.first(size), anchor_);
    }
    return dfa;
  }

  void keep(std::span<const Member> members, const Dfa& dfa) {
    Group group{.dfa = minimise(dfa)};
    for (const Member& member : members) group.patterns.push_back(member.pattern);
    std::ranges::sort(group.patterns);
    groups_.push_back(std::move(group));
  }

  Anchor anchor_;
  std::vector<Group> groups_;
};

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
  if (determinise(*nfa, anchor, alone_budget())) return {};
  return std::unexpected(
      too_complex(pattern.ast(), "to match it in one pass takes more than " +
                                     std::to_string(limits().states_per_pattern) +
                                     " states, or too long to find"));
}

std::vector<Group> build(const std::vector<Regex>& patterns, Anchor anchor, std::size_t max_group) {
  SMIC_CHECK(max_group > 0, "a group holds at least one pattern");
  std::vector<Member> members;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) members.push_back({&patterns[i].ast(), i});
  Grouping grouping(anchor);
  for (std::size_t begin = 0; begin < members.size(); begin += max_group) {
    const std::size_t end = std::min(members.size(), begin + max_group);
    grouping.add(std::span(members).subspan(begin, end - begin));
  }
  return grouping.take();
}

}  // namespace smic::automata
