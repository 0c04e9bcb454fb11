// SPDX-License-Identifier: Apache-2.0
// A unit as canonical text (.smir). Lossless for every unit that verify() accepts, whatever bytes
// its strings hold: names that are not plain words are quoted, and in quotes a byte that is a
// control character or no UTF-8 becomes \xHH. grammar/RuleIR.g4 is the same language read back;
// grammar/README.md describes it.
//
// Tested by tests/unit/ir/print_test.cpp and, both ways, by tests/unit/text.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/overload.h"
#include "base/utf8.h"
#include "compiler/ir/ir.h"

namespace smic::ir {
namespace {

bool is_word_char(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool is_word(std::string_view text) {
  return !text.empty() && text[0] != '-' && std::ranges::all_of(text, is_word_char);
}

class Printer {
 public:
  void unit(const Unit& unit) {
    out_ += "unit ";
    service(unit.service, unit.port);
    out_ += ' ';
    out_ += protocol(unit.protocol);
    out_ += unit.access == AccessMode::enforce ? " enforce\n" : " permissive\n";
    for (const contract::PolicyLine& line : contract::lines_of(unit.policy)) policy(line);
    for (std::size_t i = 0; i < unit.sources.size(); ++i) source(i, unit.sources[i]);
    for (std::size_t i = 0; i < unit.matches.size(); ++i) match(i, unit.matches[i]);
    for (std::size_t i = 0; i < unit.routes.size(); ++i) route(i, unit.routes[i]);
    for (const Allow& a : unit.allows) allow(a);
  }

  void blank_line() { out_ += '\n'; }
  std::string take() { return std::move(out_); }

 private:
  static std::string_view protocol(Protocol protocol) {
    switch (protocol) {
      case Protocol::http:
        return "http";
      case Protocol::tcp:
        return "tcp";
      case Protocol::udp:
        return "udp";
    }
    std::unreachable();
  }

  void policy(const contract::PolicyLine& line) {
    out_ += "  policy ";
    out_ += line.name;
    out_ += ' ';
    out_ += line.value;
    origin(line.origin);
  }

  void source(std::size_t index, const SourceSet& set) {
    label("  source s", index);
    out_ += " = ";
    list(set.members, [this](const Identity& member) { name(member.ns, member.name); });
    out_ += '\n';
  }

  void match(std::size_t index, const Match& match) {
    label("  match m", index);
    out_ += " = ";
    std::string_view between;
    const auto next_part = [&] { out_ += std::exchange(between, " and "); };
    if (match.methods != kAnyMethod) {
      next_part();
      methods(match.methods);
    }
    if (match.path) {
      next_part();
      out_ += "path ~ ";
      quoted(*match.path);
    }
    for (const HeaderTest& test : match.headers) {
      next_part();
      header(test);
    }
    if (between.empty()) out_ += "any";
    origin(match.origin);
  }

  void methods(MethodSet set) {
    std::vector<std::string_view> names;
    for (std::uint32_t i = 1; i < contract::kMethodCount; ++i) {
      if (set & (1u << i)) names.push_back(method_name(static_cast<Method>(i)));
    }
    if (set & method_bit(Method::kOther)) names.push_back("other");
    out_ += "method in ";
    list(names, [this](std::string_view name) { out_ += name; });
  }

  void header(const HeaderTest& test) {
    out_ += "header ";
    quoted(test.name);
    out_ += " ~ ";
    quoted(test.regex);
  }

  void route(std::size_t index, const Route& route) {
    label("  route r", index);
    condition(route.when);
    out_ += " -> ";
    std::visit(Overload{[this](const Forward& f) { forward(f.backends); },
                        [this](const Unavailable& u) {
                          out_ += "unavailable";
                          if (u.backends.empty()) return;
                          out_ += ' ';
                          backends(u.backends);
                        }},
               route.action);
    origin(route.origin);
  }

  // One backend of weight 1 is the plain form; everything else is a split.
  void forward(const std::vector<BackendRef>& list) {
    if (list.size() == 1 && list[0].weight == 1) return service(list[0].service, list[0].port);
    out_ += "split ";
    backends(list);
  }

  void backends(const std::vector<BackendRef>& refs) {
    list(refs, [this](const BackendRef& backend) {
      service(backend.service, backend.port);
      label(" = ", backend.weight);
    });
  }

  void allow(const Allow& allow) {
    out_ += "  allow to ";
    std::visit(Overload{[this](const AnyDestination&) { out_ += "any"; },
                        [this](const DestinationRef& to) {
                          name(to.identity.ns, to.identity.name);
                          if (to.port) label(":", *to.port);
                        }},
               allow.to);
    out_ += " from ";
    std::visit(Overload{[this](const AnySource&) { out_ += "any"; },
                        [this](SourceSetId id) { label("s", id.value); }},
               allow.from);
    condition(allow.when);
    origin(allow.origin);
  }

  void condition(const Condition& condition) {
    std::visit(Overload{[](const Always&) {}, [this](const Never&) { out_ += " when never"; },
                        [this](const AnyOf& any) {
                          out_ += any.matches.empty() ? " when {}" : " when ";
                          std::string_view between = "m";
                          for (MatchId id : any.matches) {
                            label(std::exchange(between, " or m"), id.value);
                          }
                        }},
               condition);
  }

  void origin(const Origin& origin) {
    out_ += " @ ";
    quoted(origin.resource);
    out_ += ' ';
    quoted(origin.file);
    label(":", origin.line);
    out_ += '\n';
  }

  void service(const ServiceRef& service, Port port) {
    name(service.ns, service.name);
    label(":", port);
  }

  void name(std::string_view ns, std::string_view name) {
    if (is_word(ns) && is_word(name)) {
      out_ += ns;
      out_ += '/';
      out_ += name;
    } else {
      quoted(ns);
      out_ += '/';
      quoted(name);
    }
  }

  void label(std::string_view before, std::size_t number) {
    out_ += before;
    out_ += std::to_string(number);
  }

  template <class Items, class Print>
  void list(const Items& items, Print print_item) {
    if (std::empty(items)) {
      out_ += "{}";
      return;
    }
    std::string_view between = "{ ";
    for (const auto& item : items) {
      out_ += std::exchange(between, ", ");
      print_item(item);
    }
    out_ += " }";
  }

  void quoted(std::string_view text) {
    out_ += '"';
    while (!text.empty()) {
      const std::size_t length = utf8_length(text);
      const auto byte = static_cast<unsigned char>(text[0]);
      if (length == 0 || byte < 0x20 || byte == 0x7f) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        out_ += "\\x";
        out_ += kDigits[byte >> 4];
        out_ += kDigits[byte & 15];
      } else {
        if (byte == '"' || byte == '\\') out_ += '\\';
        out_ += text.substr(0, length);
      }
      text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out_ += '"';
  }

  std::string out_;
};

}  // namespace

std::string print(const Unit& unit) {
  Printer printer;
  printer.unit(unit);
  return printer.take();
}

std::string print(const std::vector<Unit>& units) {
  Printer printer;
  for (const Unit& unit : units) {
    if (&unit != &units.front()) printer.blank_line();
    printer.unit(unit);
  }
  return printer.take();
}

}  // namespace smic::ir
