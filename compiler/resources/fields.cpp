// SPDX-License-Identifier: Apache-2.0
#include "compiler/resources/fields.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

namespace smic::resources {
namespace {

constexpr std::size_t kLongestQuote = 80;
constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;
constexpr std::uint64_t kHighestPort = 65535;

std::string type_name(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return "null";
    case NodeKind::sequence:
      return "a list";
    case NodeKind::mapping:
      return "a mapping";
    case NodeKind::scalar:
      break;
  }
  switch (scalar_type(node)) {
    case ScalarType::text:
      return "text";
    case ScalarType::number:
      return "a number";
    case ScalarType::boolean:
      return "a truth value";
  }
  return "text";
}

void wrong_type(Object& object, const Node& node, const std::string& path,
                std::string_view expected, std::string help = {}) {
  const std::string found = node.kind == NodeKind::scalar ? quote(node.text) : "this";
  object.error("E01", node.span,
               "`" + path + "` of " + object.title() + " must be " + std::string(expected) +
                   ", but " + found + " is " + type_name(node),
               std::move(help));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool has_label_form(std::string_view label) {
  const auto allowed = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; };
  return !label.empty() && std::ranges::all_of(label, allowed) && label.front() != '-' &&
         label.back() != '-';
}

// Decimal, octal and hexadecimal integers and floats as YAML 1.1 and 1.2 know them, together.
bool looks_like_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
      text == ".NAN") {
    return true;
  }
  if (text.starts_with("0x") || text.starts_with("0o") || text.starts_with("0b")) {
    const std::string_view digits = text[1] == 'x' ? "0123456789abcdefABCDEF_" : "01234567_";
    return text.size() > 2 && text.find_first_not_of(digits, 2) == text.npos;
  }
  const std::size_t exponent = text.find_first_of("eE");
  const std::string_view mantissa = text.substr(0, exponent);
  if (exponent != text.npos) {
    std::string_view power = text.substr(exponent + 1);
    if (power.starts_with('+') || power.starts_with('-')) power.remove_prefix(1);
    if (!all_digits(power)) return false;
  }
  return mantissa.find_first_not_of("0123456789._") == mantissa.npos &&
         std::ranges::any_of(mantissa, is_digit) && std::ranges::count(mantissa, '.') <= 1 &&
         !mantissa.starts_with('_');
}

bool looks_like_boolean(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "True", "TRUE", "false", "False", "FALSE",
                                                "yes",  "Yes",  "YES",  "no",    "No",    "NO",
                                                "on",   "On",   "ON",   "off",   "Off",   "OFF"};
  return std::ranges::find(kWords, text) != std::end(kWords);
}

}  // namespace

std::string Object::title() const {
  const std::string name = meta.name.value.empty() ? std::string() : " " + quote(meta.name.value);
  return kind.value + name;
}

Diagnostic& Object::error(std::string code, const Span& span, std::string message,
                          std::string help) {
  failed = true;
  return diagnostics.report(std::move(code), span, std::move(message), std::move(help));
}

Diagnostic& Object::warn(std::string code, const Span& span, std::string message,
                         std::string help) {
  return diagnostics.report(std::move(code), span, std::move(message), std::move(help));
}

std::string quote(std::string_view text) {
  if (text.size() <= kLongestQuote) return "`" + std::string(text) + "`";
  std::size_t end = kLongestQuote;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return "`" + std::string(text.substr(0, end)) + "…`";
}

ScalarType scalar_type(const Node& scalar) {
  if (scalar.quoted) return ScalarType::text;
  if (looks_like_boolean(scalar.text)) return ScalarType::boolean;
  return looks_like_number(scalar.text) ? ScalarType::number : ScalarType::text;
}

bool is_true(const Node& boolean) {
  const std::string_view text = boolean.text;
  return std::string_view("tTyY").contains(text[0]) || text == "on" || text == "On" || text == "ON";
}

bool is_label(std::string_view name) {
  return name.size() <= kLongestLabel && has_label_form(name);
}

bool is_object_name(std::string_view name) {
  if (name.size() > kLongestName) return false;
  for (std::size_t at = 0;;) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    if (!has_label_form(name.substr(at, dot - at))) return false;
    if (dot == name.size()) return true;
    at = dot + 1;
  }
}

std::optional<Text> read_text(Object& object, const Node& node, const std::string& path) {
  if (node.kind == NodeKind::scalar && scalar_type(node) == ScalarType::text) {
    return Text{std::string(node.text), node.span};
  }
  const std::string help =
      node.kind == NodeKind::scalar ? "put it in quotes: \"" + std::string(node.text) + '"' : "";
  wrong_type(object, node, path, "text", help);
  return std::nullopt;
}

std::optional<Located<std::uint16_t>> read_port(Object& object, const Node& node,
                                                const std::string& path) {
  const bool scalar = node.kind == NodeKind::scalar;
  const std::string_view text = scalar ? node.text : std::string_view();
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (!scalar || node.quoted || !all_digits(digits)) {
    const bool number_as_text = scalar && all_digits(text);
    wrong_type(object, node, path, "a port number",
               number_as_text ? "write " + std::string(text) + " without quotes" : "");
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || value < 1 || value > kHighestPort) {
    object.error(
        "E06", node.span,
        "`" + path + "` of " + object.title() + " is " + quote(text) + ", which is not a port",
        "ports are 1 to 65535");
    return std::nullopt;
  }
  return Located<std::uint16_t>{static_cast<std::uint16_t>(value), node.span};
}

Fields::Fields(Object& object, const Node* node, std::string path, const Span& span)
    : object_(object), span_(span), path_(std::move(path)) {
  if (node == nullptr || node->kind == NodeKind::null) return;
  if (node->kind != NodeKind::mapping) {
    wrong_type(object_, *node, path_, "a mapping");
    return;
  }
  node_ = node;
  tell_repeated_keys();
}

void Fields::tell_repeated_keys() const {
  std::unordered_map<std::string_view, const Node*> seen;
  for (const Entry& entry : node_->entries) {
    const auto [first, is_new] = seen.emplace(entry.key->text, entry.key);
    if (is_new) continue;
    object_
        .error("E56", entry.key->span,
               quote(entry.key->text) + " is written twice in one mapping of " + object_.title())
        .notes.push_back({first->second->span, "it is here before"});
  }
}

const Fields& Fields::know(const std::vector<std::string_view>& known) const {
  if (node_ == nullptr || !object_.strict) return *this;
  for (const Entry& entry : node_->entries) {
    if (std::ranges::find(known, entry.key->text) != known.end()) continue;
    const std::vector<std::string> candidates(known.begin(), known.end());
    object_.warn("W15", entry.key->span,
                 "`" + path_of(entry.key->text) + "` is no field of " + object_.title() + " in " +
                     quote(object_.api_version.value) + ", so it is ignored",
                 suggest(entry.key->text, candidates));
  }
  return *this;
}

std::string Fields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + '.' + std::string(key);
}

const Node* Fields::get(std::string_view key) const {
  if (node_ == nullptr) return nullptr;
  const Node* value = find(*node_, key);
  return value == nullptr || value->kind == NodeKind::null ? nullptr : value;
}

const Node* Fields::key_of(std::string_view key) const {
  if (node_ == nullptr) return nullptr;
  for (const Entry& entry : node_->entries) {
    if (entry.key->text == key) return entry.key;
  }
  return nullptr;
}

Fields Fields::mapping(std::string_view key) const {
  const Node* name = key_of(key);
  return Fields(object_, get(key), path_of(key), name == nullptr ? span_ : name->span);
}

Fields Fields::item(const Node& item, std::string path) const {
  return Fields(object_, &item, std::move(path), item.span);
}

void Fields::missing(std::string_view key, std::string help) const {
  object_.error("E01", span_, "`" + path_of(key) + "` of " + object_.title() + " is missing",
                std::move(help));
}

std::optional<Text> Fields::text(std::string_view key) const {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  return read_text(object_, *value, path_of(key));
}

Text Fields::required_text(std::string_view key) const {
  if (get(key) == nullptr) {
    missing(key);
    return {};
  }
  return text(key).value_or(Text{});
}

std::string Fields::plain_text(std::string_view key, std::string fallback) const {
  std::optional<Text> found = text(key);
  return found ? std::move(found->value) : std::move(fallback);
}

Text Fields::required_name(std::string_view key) const {
  Text name = required_text(key);
  if (name.span.line != 0 && !is_object_name(name.value)) {
    object_.error("E57", name.span,
                  "`" + path_of(key) + "` of " + object_.title() + " is " + quote(name.value) +
                      ", which Kubernetes does not allow as a name",
                  "names are lower-case letters, digits, `-` and `.`");
  }
  return name;
}

bool Fields::boolean(std::string_view key, bool fallback) const {
  const Node* value = get(key);
  if (value == nullptr) return fallback;
  if (value->kind != NodeKind::scalar || scalar_type(*value) != ScalarType::boolean) {
    wrong_type(object_, *value, path_of(key), "true or false");
    return fallback;
  }
  return is_true(*value);
}

std::optional<Located<std::uint16_t>> Fields::port(std::string_view key) const {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  return read_port(object_, *value, path_of(key));
}

Labels Fields::labels(std::string_view key) const {
  Labels labels;
  const Fields fields = mapping(key);
  if (!fields.exists()) return labels;
  for (const Entry& entry : fields.node_->entries) {
    const std::string name = fields.path_of(entry.key->text);
    if (entry.value->kind == NodeKind::null) {
      labels.emplace(entry.key->text, "");
    } else if (std::optional<Text> value = read_text(object_, *entry.value, name)) {
      labels.emplace(entry.key->text, std::move(value->value));
    }
  }
  return labels;
}

const Node* Fields::list_of(std::string_view key) const {
  const Node* value = get(key);
  if (value == nullptr || value->kind == NodeKind::sequence) return value;
  wrong_type(object_, *value, path_of(key), "a list");
  return nullptr;
}

std::vector<Text> Fields::texts(std::string_view key) const {
  std::vector<Text> texts;
  each(key, [&](const Node& item, const std::string& path) {
    if (std::optional<Text> text = read_text(object_, item, path)) texts.push_back(*text);
  });
  return texts;
}

}  // namespace smic::resources
