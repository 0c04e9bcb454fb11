// SPDX-License-Identifier: Apache-2.0
// Values as text. JSON is what the API server speaks; YAML is what people keep: block style,
// members in their order, quotes only where a text would read as something else.
#include <algorithm>

#include "base/log.h"
#include "compiler/resources/fields.h"
#include "compiler/resources/value.h"

namespace smic::resources {
namespace {

std::string quoted(std::string_view text) { return '"' + json_escape(text) + '"'; }

// Reads back as this text without quotes, whatever YAML version reads it.
bool is_plain(const std::string& text) {
  constexpr std::string_view kAnywhere =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
  const bool harmless = !text.empty() && text.find_first_not_of(kAnywhere) == text.npos &&
                        text[0] != '-' && text[0] != '.';
  Node scalar;
  scalar.kind = NodeKind::scalar;
  scalar.text = text;
  const bool is_null = text == "null" || text == "Null" || text == "NULL";
  const bool is_letter = text.size() == 1 && std::string_view("yYnN").contains(text[0]);
  return harmless && !is_null && !is_letter && scalar_type(scalar) == ScalarType::text;
}

std::string scalar_text(const Value& value, bool yaml) {
  if (const auto* text = value.as<std::string>()) {
    return yaml && is_plain(*text) ? *text : quoted(*text);
  }
  if (const auto* number = value.as<Value::Number>()) return number->digits;
  if (const auto* truth = value.as<bool>()) return *truth ? "true" : "false";
  return "null";
}

bool is_filled(const Value& value) {
  const auto* items = value.as<Value::List>();
  const auto* members = value.as<Value::Members>();
  return (items && !items->empty()) || (members && !members->empty());
}

class YamlPrinter {
 public:
  // A value at the begin of a line that is indented already.
  void print(const Value& value, std::size_t indent) {
    if (const auto* members = value.as<Value::Members>(); members && !members->empty()) {
      bool first = true;
      for (const auto& [name, member] : *members) {
        if (!std::exchange(first, false)) out_ += std::string(indent, ' ');
        out_ += scalar_text(Value(name), true) + ':';
        // A list below a key needs no deeper indent, which is how kubectl writes it.
        print_below(member, indent + (member.as<Value::List>() ? 0 : 2));
      }
    } else if (const auto* items = value.as<Value::List>(); items && !items->empty()) {
      bool first = true;
      for (const Value& item : *items) {
        if (!std::exchange(first, false)) out_ += std::string(indent, ' ');
        out_ += "- ";
        print(item, indent + 2);
      }
    } else {
      const bool list = value.as<Value::List>(), members_of_none = value.as<Value::Members>();
      out_ += (list ? "[]" : members_of_none ? "{}" : scalar_text(value, true)) + '\n';
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void print_below(const Value& value, std::size_t indent) {
    out_ += is_filled(value) ? '\n' + std::string(indent, ' ') : " ";
    print(value, indent);
  }

  std::string out_;
};

}  // namespace

std::string print_json(const Value& value) {
  std::string out;
  if (const auto* items = value.as<Value::List>()) {
    for (const Value& item : *items) out += (out.empty() ? "" : ",") + print_json(item);
    return '[' + out + ']';
  }
  if (const auto* members = value.as<Value::Members>()) {
    for (const auto& [name, member] : *members) {
      out += (out.empty() ? "" : ",") + quoted(name) + ':' + print_json(member);
    }
    return '{' + out + '}';
  }
  return scalar_text(value, false);
}

std::string print_yaml(const Value& value) {
  YamlPrinter printer;
  printer.print(value, 0);
  return printer.take();
}

}  // namespace smic::resources
