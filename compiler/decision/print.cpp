// SPDX-License-Identifier: Apache-2.0
// The graph as text for people (--emit=graph). Lists that grow with the number of rules are cut
// after kMostLines, with a line that says how much was left out.
#include <bit>

#include "compiler/decision/graph.h"

namespace smic::decision {
namespace {

constexpr std::size_t kMostLines = 40;
constexpr std::size_t kMostItems = 8;  // in one line

std::string number(std::size_t value) { return std::to_string(value); }

std::string count(std::size_t n, std::string_view thing) {
  return number(n) + " " + std::string(thing) + (n == 1 ? "" : "s");
}

std::string size_of(const automata::Dfa& dfa) {
  return dfa.bits ? "a bit for each of " + count(dfa.bits->follow_of.size(), "position")
                  : count(dfa.states.size(), "state");
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

class Printer {
 public:
  explicit Printer(const Graph& graph) : graph_(graph) {}

  std::string print() {
    line(0, "decision " + graph_.unit);
    print_routes();
    print_access();
    print_start();
    print_slots();
    print_paths();
    print_lists();
    return std::move(out_);
  }

 private:
  void line(std::size_t depth, const std::string& text) {
    out_.append(2 * depth, ' ').append(text).append("\n");
  }

  // Calls `print_one` for each of `n` things, up to the limit.
  template <class Print>
  void lines(std::size_t depth, std::size_t n, Print print_one) {
    for (std::size_t i = 0; i < n && i < kMostLines; ++i) print_one(i);
    if (n > kMostLines) line(depth, "… and " + number(n - kMostLines) + " more");
  }

  // "a, b, c, … and 5 more"
  template <class Text>
  std::string items(std::size_t n, Text text) {
    std::string joined;
    for (std::size_t i = 0; i < n && i < kMostItems; ++i) joined += (i ? ", " : "") + text(i);
    return n > kMostItems ? joined + ", … and " + number(n - kMostItems) + " more" : joined;
  }

  void print_routes() {
    line(1, count(graph_.weights.size(), "route"));
    lines(2, graph_.weights.size(), [&](std::size_t i) {
      const auto& weights = graph_.weights[i];
      const std::string split =
          items(weights.size(), [&](std::size_t b) { return number(weights[b]); });
      line(2, "r" + number(i) + ": weights { " + split + " }");
    });
  }

  std::string mask(std::uint32_t index) {
    std::vector<std::string> names;
    for (std::uint32_t d = 0; d < graph_.access.destinations; ++d) {
      if (!(graph_.access.masks[index][d / 64] >> d % 64 & 1)) continue;
      const contract::Destination& to = graph_.names.destinations[d];
      names.push_back(to.identity.empty() ? "any"
                      : to.port == 0      ? to.identity
                                          : to.identity + ":" + number(to.port));
    }
    return items(names.size(), [&](std::size_t i) { return names[i]; });
  }

  std::string term(const Term& term) {
    if (term.key == contract::kEverySource) return "every source to " + mask(term.mask);
    const auto& cells = graph_.access.keys[term.key];
    return "classes { " +
           items(cells.size(),
                 [&](std::size_t i) {
                   return number(cells[i].source_class) +
                          (cells[i].mask == 1 ? "" : " to " + mask(cells[i].mask));
                 }) +
           " }" + (term.mask == 1 ? "" : " to " + mask(term.mask));
  }

  void print_access() {
    const auto& sources = graph_.names.sources;
    line(1, count(graph_.access.source_classes - 1, "source class") + ", " +
                count(graph_.access.destinations, "destination"));
    lines(2, sources.size(), [&](std::size_t i) {
      line(2, "class " + number(sources[i].value) + ": " + sources[i].identity);
    });
    const std::vector<std::uint32_t> rows = used_rows(graph_);
    lines(2, rows.size(), [&](std::size_t i) {
      const Row& row = graph_.access.rows[rows[i]];
      if (row.empty()) return;
      line(2, "row " + number(rows[i]) + ": allow " +
                  items(row.size(), [&](std::size_t t) { return term(row[t]); }));
    });
  }

  static std::string methods(ir::MethodSet set) {
    if (set == ir::kAnyMethod) return "any method";
    std::string names;
    for (std::uint32_t m = 0; m < contract::kMethodCount; ++m) {
      if (!(set >> m & 1)) continue;
      const auto method = static_cast<ir::Method>(m);
      const std::string_view name =
          method == ir::Method::kOther ? "other" : ir::method_name(method);
      names += (names.empty() ? "" : " ") + std::string(name);
    }
    return names;
  }

  std::string outcome(const Outcome& outcome) {
    const bool last = outcome.route + 1 == graph_.weights.size();
    const std::string route = last ? "" : "route r" + number(outcome.route);
    const std::string row = outcome.row == 0 ? "" : "allow row " + number(outcome.row);
    if (route.empty() && row.empty()) return "route r" + number(outcome.route);
    return route + (route.empty() || row.empty() ? "" : ", ") + row;
  }

  std::string header(std::uint32_t slot, std::uint32_t pattern) {
    return graph_.slots[slot].name + " ~ " + quoted(graph_.slots[slot].patterns[pattern]);
  }

  std::string needs(const std::vector<Need>& needs) {
    std::string text;
    for (const Need& need : needs) {
      for (std::uint64_t left = need.mask; left != 0; left &= left - 1) {
        text += " and " + header(need.slot, need.word * 64 + std::countr_zero(left));
      }
    }
    return text;
  }

  void print_leaf(std::size_t depth, const Leaf& leaf) {
    for (const Entry& entry : leaf.entries) {
      line(depth, methods(entry.methods) + ": " + outcome(entry.outcome));
    }
    for (const Trigger& trigger : leaf.triggers) {
      std::uint64_t left = trigger.relevant;
      for (const auto& entries : trigger.bits) {
        const std::uint32_t pattern = trigger.word * 64 + std::countr_zero(left);
        left &= left - 1;
        lines(depth, entries.size(), [&](std::size_t i) {
          line(depth, header(trigger.slot, pattern) + needs(entries[i].needs) + ", " +
                          methods(entries[i].methods) + ": " + outcome(entries[i].outcome));
        });
      }
    }
    if (leaf.list) line(depth, "and list " + number(*leaf.list));
  }

  void print_start() {
    std::vector<Entry> entries;
    for (std::uint32_t m = 0; m < graph_.start.size(); ++m) {
      if (entries.empty() || entries.back().outcome != graph_.start[m]) {
        entries.push_back({0, graph_.start[m], {}});
      }
      entries.back().methods |= 1u << m;
    }
    line(1, "at the start");
    print_leaf(2, {entries, {}, {}});
    if (graph_.base_leaf) print_leaf(2, graph_.leaves[*graph_.base_leaf]);
  }

  void print_slots() {
    if (!graph_.slots.empty()) line(1, count(graph_.slots.size(), "header"));
    lines(2, graph_.slots.size(), [&](std::size_t i) {
      const HeaderSlot& slot = graph_.slots[i];
      line(2,
           slot.name + ": " + count(slot.patterns.size(), "pattern") + ", automata of " +
               items(slot.groups.size(), [&](std::size_t g) { return size_of(slot.groups[g]); }));
      lines(3, slot.patterns.size(), [&](std::size_t p) { line(3, quoted(slot.patterns[p])); });
    });
  }

  void print_paths() {
    lines(1, graph_.groups.size(), [&](std::size_t g) {
      const PathGroup& group = graph_.groups[g];
      line(1, "path automaton of " + size_of(group.dfa) + ", " +
                  count(group.dfa.sets.size() - 1, "leaf set"));
      lines(2, group.dfa.sets.size() - 1, [&](std::size_t i) {
        const auto& set = group.dfa.sets[i + 1];
        line(2, "path ~ " + items(set.size(),
                                  [&](std::size_t p) { return quoted(graph_.patterns[set[p]]); }));
        if (group.leaves[i + 1]) print_leaf(3, graph_.leaves[*group.leaves[i + 1]]);
      });
    });
  }

  void print_lists() {
    lines(1, graph_.lists.size(), [&](std::size_t i) {
      const ListNode& node = graph_.lists[i];
      line(1, "list " + number(i) + (node.next ? ", then list " + number(*node.next) : ""));
      print_leaf(2, graph_.leaves[node.leaf]);
    });
  }

  const Graph& graph_;
  std::string out_;
};

}  // namespace

std::string print(const Graph& graph) { return Printer(graph).print(); }

}  // namespace smic::decision
