// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/value.h"

#include <algorithm>
#include <charconv>

#include "compiler/resources/documents.h"
#include "compiler/resources/fields.h"

namespace smic::resources {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_json_number(std::string_view text) {
  const auto digits = [&] {
    const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(end);
    return end;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

// YAML has numbers that JSON does not: `+5`, `.5`, `0x1F`, `1_000`, `.inf`.
Value number_of(std::string_view text) {
  if (is_json_number(text)) return Value(Value::Number{std::string(text)});
  std::string plain(text);
  std::erase(plain, '_');
  const bool negative = plain.starts_with('-');
  if (negative || plain.starts_with('+')) plain.erase(0, 1);
  const std::string sign = negative ? "-" : "";
  const bool prefixed = plain.size() > 2 && plain[0] == '0' && !is_digit(plain[1]) &&
                        plain[1] != '.' && plain[1] != 'e' && plain[1] != 'E';
  const bool octal =
      plain.size() > 1 && plain[0] == '0' && plain.find_first_not_of("01234567") == plain.npos;
  if (prefixed || octal) {
    const int base = octal || plain[1] == 'o' ? 8 : plain[1] == 'b' ? 2 : 16;
    const char* first = plain.data() + (octal ? 1 : 2);
    std::uint64_t number = 0;
    const auto read = std::from_chars(first, plain.data() + plain.size(), number, base);
    if (read.ec == std::errc() && read.ptr == plain.data() + plain.size()) {
      return Value(Value::Number{sign + std::to_string(number)});
    }
  }
  if (plain.starts_with('.')) plain.insert(0, 1, '0');
  if (plain.ends_with('.')) plain += '0';
  if (is_json_number(plain)) return Value(Value::Number{sign + plain});
  return Value(std::string(text));
}

Value scalar_of(const Node& scalar) {
  switch (scalar_type(scalar)) {
    case ScalarType::text:
      return Value(std::string(scalar.text));
    case ScalarType::number:
      return number_of(scalar.text);
    case ScalarType::boolean:
      return Value(is_true(scalar));
  }
  return Value();
}

std::vector<const Value::Members::value_type*> in_name_order(const Value::Members& members) {
  std::vector<const Value::Members::value_type*> sorted;
  for (const auto& member : members) sorted.push_back(&member);
  // Of one name, in their order.
  std::ranges::sort(sorted, {}, [](const auto* member) {
    return std::pair(std::string_view(member->first), member);
  });
  return sorted;
}

}  // namespace

const Value* Value::find(std::string_view name) const {
  const Members* members = as<Members>();
  if (members == nullptr) return nullptr;
  const auto found = std::ranges::find(*members, name, &Members::value_type::first);
  return found == members->end() ? nullptr : &found->second;
}

Value* Value::find(std::string_view name) {
  return const_cast<Value*>(std::as_const(*this).find(name));
}

std::string Value::text(std::string_view name) const {
  const Value* member = find(name);
  const std::string* text = member == nullptr ? nullptr : member->as<std::string>();
  return text == nullptr ? std::string() : *text;
}

Value& Value::set(std::string_view name, Value value) {
  if (Value* member = find(name)) return *member = std::move(value);
  return as<Members>()->emplace_back(std::string(name), std::move(value)).second;
}

std::optional<Value> Value::take(std::string_view name) {
  Members* members = as<Members>();
  if (members == nullptr) return std::nullopt;
  const auto found = std::ranges::find(*members, name, &Members::value_type::first);
  if (found == members->end()) return std::nullopt;
  Value value = std::move(found->second);
  members->erase(found);
  return value;
}

void Value::rename(std::string_view from, std::string to) {
  Members* members = as<Members>();
  if (members == nullptr) return;
  const auto found = std::ranges::find(*members, from, &Members::value_type::first);
  if (found != members->end()) found->first = std::move(to);
}

bool Value::operator==(const Value& other) const {
  const Members* mine = as<Members>();
  const Members* others = other.as<Members>();
  if (mine == nullptr || others == nullptr) return held_ == other.held_;
  return mine->size() == others->size() &&
         std::ranges::equal(in_name_order(*mine), in_name_order(*others),
                            [](const auto* a, const auto* b) { return *a == *b; });
}

// As deep as the tree, which limits::kDepth bounds.
Value value_of(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return Value();
    case NodeKind::scalar:
      return scalar_of(node);
    case NodeKind::sequence: {
      Value::List items;
      for (const Entry& entry : node.entries) items.push_back(value_of(*entry.value));
      return Value(std::move(items));
    }
    case NodeKind::mapping: {
      Value::Members members;
      for (const Entry& entry : node.entries) {
        members.emplace_back(std::string(entry.key->text), value_of(*entry.value));
      }
      return Value(std::move(members));
    }
  }
  return Value();
}

std::optional<Value> value_of_json(std::string_view json) {
  const Document document{SourceId(0), json, 1};
  if (check_text(document)) return std::nullopt;
  TreeBuilder builder(json);
  const std::size_t end = read_json(document, builder);
  if (builder.failure() || builder.root() == nullptr ||
      json.find_first_not_of(" \t\r\n", end) != json.npos) {
    return std::nullopt;
  }
  return value_of(*builder.root());
}

void build(const Value& value, const Span& span, TreeBuilder& builder) {
  if (const auto* items = value.as<Value::List>()) {
    builder.begin_sequence(span);
    for (const Value& item : *items) build(item, span, builder);
    builder.end();
  } else if (const auto* members = value.as<Value::Members>()) {
    builder.begin_mapping(span);
    for (const auto& [name, member] : *members) {
      builder.scalar(span, name, true);
      build(member, span, builder);
    }
    builder.end();
  } else if (const auto* text = value.as<std::string>()) {
    builder.scalar(span, *text, true);
  } else if (const auto* number = value.as<Value::Number>()) {
    builder.scalar(span, number->digits, false);
  } else if (const auto* truth = value.as<bool>()) {
    builder.scalar(span, *truth ? "true" : "false", false);
  } else {
    builder.null(span);
  }
}

}  // namespace smic::resources
