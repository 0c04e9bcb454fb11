// SPDX-License-Identifier: Apache-2.0
// An object as a value that can be taken apart and put together again: what the located tree
// becomes where an object is to be written, not understood (convert.h). It has JSON's types.
// Numbers keep the digits they were written with, and members their order; neither counts when two
// values are compared but by what JSON says of them: the API server sorts members, and a conversion
// must see no difference in that.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/resources/tree.h"

namespace smic::resources {

class Value {
 public:
  struct Number {
    std::string digits;  // as JSON writes them
    bool operator==(const Number&) const = default;
  };
  using List = std::vector<Value>;
  using Members = std::vector<std::pair<std::string, Value>>;

  Value() = default;  // null
  explicit Value(bool truth) : held_(truth) {}
  explicit Value(std::string text) : held_(std::move(text)) {}
  explicit Value(Number number) : held_(std::move(number)) {}
  explicit Value(List items) : held_(std::move(items)) {}
  explicit Value(Members members) : held_(std::move(members)) {}

  template <class Kind>
  Kind* as() {
    return std::get_if<Kind>(&held_);
  }
  template <class Kind>
  const Kind* as() const {
    return std::get_if<Kind>(&held_);
  }

  // The member of this name, or null: for what is no mapping too.
  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  std::string text(std::string_view name) const;  // of a member that is text, else empty

  // Of mappings only. A member that is there keeps its place.
  Value& set(std::string_view name, Value value);
  std::optional<Value> take(std::string_view name);
  void rename(std::string_view from, std::string to);

  bool operator==(const Value& other) const;

 private:
  std::variant<std::monostate, bool, std::string, Number, List, Members> held_;
};

Value value_of(const Node& node);

// Nothing if `json` is no JSON document, or over the limits of reading.
std::optional<Value> value_of_json(std::string_view json);

// The nodes of a value, each at `span`: for who understands trees.
void build(const Value& value, const Span& span, TreeBuilder& builder);

std::string print_json(const Value& value);  // one line
std::string print_yaml(const Value& value);  // block style, with a line end

}  // namespace smic::resources
