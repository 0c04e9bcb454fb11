// SPDX-License-Identifier: Apache-2.0
// Tokens and parts in, verified units out: what of reading .smir is not syntax. Resolves names,
// checks numbers, undoes quoting, and leaves out every unit in which something was wrong.
// Names must be declared above their use, which is how print() writes them. Knows no ANTLR.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/ir/ir.h"

namespace smic::text {

using Token = Located<std::string_view>;

class UnitBuilder {
 public:
  explicit UnitBuilder(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // Statements. A unit begins before its head is read, so that a mistake in the head is its own.
  void begin(Span where);
  void head(Span where, ir::Unit head);
  template <class T>
  void set(Token name, contract::Optional<T> ir::RoutePolicy::* setting,
           contract::Setting<T> value) {
    if (!inside(name.span)) return;
    if (unit_.policy.*setting) return set_twice(name);
    unit_.policy.*setting = std::move(value);
  }
  void source(Token name, ir::SourceSet set);
  void match(Token name, ir::Match match);
  void route(Token name, ir::Route route);
  void allow(Span where, ir::Allow allow);
  std::vector<ir::Unit> finish();

  // Tokens.
  std::string word(Token quoted);
  std::uint32_t number(Token digits);
  ir::Port port(Token digits);
  ir::MethodSet method(Token name);
  std::optional<contract::Scheme> scheme(Token name);
  std::optional<contract::SplitShares> split_shares(Token name);
  std::optional<std::chrono::milliseconds> duration(Token text);
  std::optional<contract::BreakerExpression> breaker(Token quoted);
  ir::SourceSetId source_id(Token name);
  ir::MatchId match_id(Token name);

  // What a statement without `@` says of itself: its own place.
  ir::Origin own_origin(Span where) const;

  // E52 or E53; the unit it is in will be left out.
  void mistake(std::string code, Span where, std::string message, std::string help = {});
  std::size_t mistakes() const { return mistakes_; }

 private:
  using Names = std::map<std::string, std::size_t, std::less<>>;

  void end();
  bool inside(Span where);
  bool declare(Names& names, Token name);
  std::size_t resolve(const Names& names, Token name, std::string_view what);
  void set_twice(Token name);
  void unescape(Token quoted, std::string_view& rest, std::string& out);

  Diagnostics& diagnostics_;
  std::vector<ir::Unit> done_;
  std::set<std::tuple<ir::ServiceRef, ir::Port, ir::Protocol>> seen_;
  std::size_t mistakes_ = 0;

  // The unit being read.
  bool open_ = false;
  bool sound_ = true;
  Span where_;
  ir::Unit unit_;
  Names sources_;
  Names matches_;
  Names routes_;
};

}  // namespace smic::text
