// SPDX-License-Identifier: Apache-2.0
// Tested by tests/unit/api/reviews_test.cpp, and tests/fuzz/fuzz_reviews.cpp.
#include "controller/api/json_slices.h"

#include "base/log.h"
#include "compiler/resources/value.h"

namespace smic::api {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

class Cutter {
 public:
  explicit Cutter(std::string_view json) : json_(json) {}

  bool take(char wanted) {
    skip_space();
    if (at_ >= json_.size() || json_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool at_end() {
    skip_space();
    return at_ >= json_.size();
  }

  // Up to the comma or bracket that ends it; empty = there is no value.
  std::string_view value() {
    skip_space();
    const std::size_t begin = at_;
    for (std::size_t depth = 0; at_ < json_.size(); ++at_) {
      const char c = json_[at_];
      if (c == '"') {
        skip_text();
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if (c == '}' || c == ']') {
        if (depth == 0) break;
        --depth;
      } else if (c == ',' && depth == 0) {
        break;
      }
    }
    return trimmed(json_.substr(begin, at_ - begin));
  }

  std::string_view key() {
    skip_space();
    const std::size_t begin = at_;
    if (at_ >= json_.size() || json_[at_] != '"') return {};
    skip_text();
    at_ = std::min(at_ + 1, json_.size());
    return json_.substr(begin, at_ - begin);
  }

 private:
  void skip_space() { at_ = std::min(json_.find_first_not_of(kSpace, at_), json_.size()); }

  // From its first quote to its last.
  void skip_text() {
    for (++at_; at_ < json_.size() && json_[at_] != '"'; ++at_) {
      if (json_[at_] == '\\') ++at_;
    }
  }

  static std::string_view trimmed(std::string_view text) {
    return text.substr(0, text.find_last_not_of(kSpace) + 1);
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Members> json_members(std::string_view json) {
  Cutter cutter(json);
  Members members;
  if (!cutter.take('{')) return std::nullopt;
  if (cutter.take('}')) return cutter.at_end() ? std::optional(members) : std::nullopt;
  do {
    auto key = json_text(cutter.key());
    if (!key || !cutter.take(':')) return std::nullopt;
    const std::string_view value = cutter.value();
    if (value.empty()) return std::nullopt;
    members.emplace_back(std::move(*key), value);
  } while (cutter.take(','));
  if (!cutter.take('}') || !cutter.at_end()) return std::nullopt;
  return members;
}

std::optional<std::vector<std::string_view>> json_items(std::string_view json) {
  Cutter cutter(json);
  std::vector<std::string_view> items;
  if (!cutter.take('[')) return std::nullopt;
  if (cutter.take(']')) return cutter.at_end() ? std::optional(items) : std::nullopt;
  do {
    const std::string_view value = cutter.value();
    if (value.empty()) return std::nullopt;
    items.push_back(value);
  } while (cutter.take(','));
  if (!cutter.take(']') || !cutter.at_end()) return std::nullopt;
  return items;
}

std::optional<std::string> json_text(std::string_view json) {
  if (!json.starts_with('"')) return std::nullopt;
  const auto value = resources::value_of_json(json);
  const auto* text = value ? value->as<std::string>() : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

std::string_view find(const Members& members, std::string_view name) {
  for (const auto& [key, value] : members) {
    if (key == name) return value;
  }
  return {};
}

std::string json_quoted(std::string_view text) { return '"' + json_escape(text) + '"'; }

}  // namespace smic::api
