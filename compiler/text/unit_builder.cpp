// SPDX-License-Identifier: Apache-2.0
#include "compiler/text/unit_builder.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace smic::text {
namespace {

std::string in_backticks(std::string_view text) {
  constexpr std::size_t kShown = 60;
  if (text.size() <= kShown) return "`" + std::string(text) + "`";
  return "`" + std::string(text.substr(0, kShown)) + "`…";
}

std::vector<std::string> names_of(const std::map<std::string, std::size_t, std::less<>>& names) {
  std::vector<std::string> result;
  for (const auto& [name, index] : names) result.push_back(name);
  return result;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string near = did_you_mean(name, candidates);
  return near.empty() ? "" : "did you mean `" + near + "`?";
}

}  // namespace

void UnitBuilder::begin(Span where) {
  end();
  open_ = true;
  sound_ = true;
  where_ = where;
  unit_ = {};
  sources_.clear();
  matches_.clear();
  routes_.clear();
}

void UnitBuilder::head(Span where, ir::Unit head) {
  where_ = where;
  unit_ = std::move(head);
  if (!seen_.insert({unit_.service, unit_.port, unit_.protocol}).second) {
    mistake("E53", where, "this unit was already given above");
  }
}

void UnitBuilder::source(Token name, ir::SourceSet set) {
  if (inside(name.span) && declare(sources_, name)) unit_.sources.push_back(std::move(set));
}

void UnitBuilder::match(Token name, ir::Match match) {
  if (inside(name.span) && declare(matches_, name)) unit_.matches.push_back(std::move(match));
}

void UnitBuilder::route(Token name, ir::Route route) {
  if (inside(name.span) && declare(routes_, name)) unit_.routes.push_back(std::move(route));
}

void UnitBuilder::allow(Span where, ir::Allow allow) {
  if (inside(where)) unit_.allows.push_back(std::move(allow));
}

std::vector<ir::Unit> UnitBuilder::finish() {
  end();
  return std::move(done_);
}

void UnitBuilder::end() {
  if (!std::exchange(open_, false) || !sound_) return;
  if (const Result<void> verified = ir::verify(unit_); verified) {
    done_.push_back(std::move(unit_));
  } else {
    mistake("E53", where_, verified.error().message);
  }
}

bool UnitBuilder::inside(Span where) {
  if (!open_) mistake("E53", where, "this statement belongs to no unit", "start with `unit …`");
  return open_;
}

bool UnitBuilder::declare(Names& names, Token name) {
  const bool fresh = names.emplace(name.value, names.size()).second;
  if (!fresh) mistake("E53", name.span, in_backticks(name.value) + " is declared twice");
  return fresh;
}

std::size_t UnitBuilder::resolve(const Names& names, Token name, std::string_view what) {
  const auto found = names.find(name.value);
  if (found != names.end()) return found->second;
  mistake("E53", name.span,
          "no " + std::string(what) + " " + in_backticks(name.value) + " is declared above",
          suggestion(name.value, names_of(names)));
  return 0;
}

ir::SourceSetId UnitBuilder::source_id(Token name) {
  return ir::SourceSetId(resolve(sources_, name, "source"));
}

ir::MatchId UnitBuilder::match_id(Token name) {
  return ir::MatchId(resolve(matches_, name, "match"));
}

ir::MethodSet UnitBuilder::method(Token name) {
  if (name.value == "other") return ir::method_bit(ir::Method::kOther);
  if (const auto method = ir::method_from_name(name.value)) return ir::method_bit(*method);
  std::vector<std::string> known = {"other"};
  for (std::uint32_t i = 1; i < contract::kMethodCount; ++i) {
    known.emplace_back(ir::method_name(static_cast<ir::Method>(i)));
  }
  mistake("E53", name.span, in_backticks(name.value) + " is not a method",
          suggestion(name.value, known));
  return 0;
}

void UnitBuilder::set_twice(Token name) {
  mistake("E53", name.span, in_backticks(name.value) + " is set twice");
}

std::optional<contract::Scheme> UnitBuilder::scheme(Token name) {
  const auto scheme = contract::scheme_from(name.value);
  if (!scheme) {
    mistake("E53", name.span, in_backticks(name.value) + " is not a scheme",
            "schemes are `http`, `h2c` and `https`");
  }
  return scheme;
}

std::optional<contract::SplitShares> UnitBuilder::split_shares(Token name) {
  const auto shares = contract::split_shares_from(name.value);
  if (!shares) {
    mistake("E53", name.span, in_backticks(name.value) + " is no way to share",
            "write `strict` or `redistribute`");
  }
  return shares;
}

std::optional<std::chrono::milliseconds> UnitBuilder::duration(Token text) {
  const auto duration = contract::duration_from(text.value);
  if (!duration) {
    mistake("E53", text.span, in_backticks(text.value) + " is not a duration from 1ms to 24h");
  }
  return duration;
}

std::optional<contract::BreakerExpression> UnitBuilder::breaker(Token quoted) {
  auto expression = contract::BreakerExpression::parse(word(quoted));
  if (expression) return std::move(*expression);
  Span where = quoted.span;  // no byte of an expression is ever escaped
  where.column += static_cast<std::uint32_t>(1 + expression.error().offset);
  where.length = static_cast<std::uint32_t>(expression.error().length);
  mistake("E53", where, "the expression " + expression.error().message, expression.error().help);
  return std::nullopt;
}

std::uint32_t UnitBuilder::number(Token digits) {
  std::uint32_t value = 0;
  const char* end = digits.value.data() + digits.value.size();
  if (std::from_chars(digits.value.data(), end, value).ec != std::errc{}) {
    mistake("E53", digits.span, in_backticks(digits.value) + " is more than 4294967295");
  }
  return value;
}

ir::Port UnitBuilder::port(Token digits) {
  ir::Port value = 0;
  const char* end = digits.value.data() + digits.value.size();
  const bool fits = std::from_chars(digits.value.data(), end, value).ec == std::errc{};
  if (!fits || value == 0) {
    mistake("E53", digits.span, "port " + in_backticks(digits.value) + " is not 1 to 65535");
  }
  return value;
}

std::string UnitBuilder::word(Token quoted) {
  std::string_view rest = quoted.value.substr(1, quoted.value.size() - 2);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const std::size_t plain = std::min(rest.find('\\'), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (!rest.empty()) unescape(quoted, rest, out);
  }
  return out;
}

// `rest` starts with a backslash and, as the lexer saw to it, does not end there.
void UnitBuilder::unescape(Token quoted, std::string_view& rest, std::string& out) {
  const char kind = rest[1];
  std::size_t length = 2;
  unsigned byte = 0;
  if (kind == '"' || kind == '\\') {
    out += kind;
  } else if (kind == 'x' && rest.size() >= 4 &&
             std::from_chars(rest.data() + 2, rest.data() + 4, byte, 16).ptr == rest.data() + 4) {
    out += static_cast<char>(byte);
    length = 4;
  } else {
    Span where = quoted.span;
    where.column += static_cast<std::uint32_t>(rest.data() - quoted.value.data());
    where.length = 2;
    mistake("E52", where, "unknown escape " + in_backticks(rest.substr(0, 2)),
            "escapes are `\\\"`, `\\\\` and `\\xHH`; a backslash in a regex is written `\\\\`");
  }
  rest.remove_prefix(length);
}

ir::Origin UnitBuilder::own_origin(Span where) const {
  return {.resource = "unit " + to_string(unit_.service) + ":" + std::to_string(unit_.port),
          .file = diagnostics_.sources().name(where.source),
          .line = where.line};
}

void UnitBuilder::mistake(std::string code, Span where, std::string message, std::string help) {
  diagnostics_.report(std::move(code), where, std::move(message), std::move(help));
  sound_ = false;
  ++mistakes_;
}

}  // namespace smic::text
