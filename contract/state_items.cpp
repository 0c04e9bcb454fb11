// SPDX-License-Identifier: Apache-2.0
// One item, there and back. Keys sort as the manifest does: a space is less than every letter of a
// name, and ports have five digits.
#include <algorithm>

#include "base/log.h"
#include "base/overload.h"
#include "contract/state.h"

namespace smic::contract {
namespace {

constexpr std::string_view kSettings = "mesh settings";
constexpr std::string_view kService = "mesh service ";
constexpr std::string_view kUnit = "mesh unit ";
constexpr std::string_view kPod = "local pod ";

constexpr std::string_view kSet = "{\"set\":\"";
constexpr std::string_view kValue = "\",\"value\":";

// "shop/reviews" → "shop reviews"
std::string words_of(const std::string& service) {
  std::string words = service;
  std::ranges::replace(words, '/', ' ');
  return words;
}

std::string_view word_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::http:
      return "http";
    case Protocol::tcp:
      return "tcp";
    case Protocol::udp:
      return "udp";
  }
  return {};
}

std::string key_of(const Item::Value& value) {
  return std::visit(
      Overload{[](const MeshSettings&) { return std::string(kSettings); },
               [](const Shared<ServiceNames>& names) {
                 return std::string(kService) + words_of(names->service);
               },
               [](const Shared<Unit>& unit) {
                 const std::string port = std::to_string(unit->port);
                 return std::string(kUnit) + words_of(unit->service) + ' ' +
                        std::string(5 - port.size(), '0') + port + ' ' +
                        std::string(word_of(unit->protocol));
               },
               [](const PodIdentity& pod) { return std::string(kPod) + pod.address; }},
      value);
}

std::string json_of(const Item::Value& value) {
  return std::visit(Overload{[](const MeshSettings& settings) { return to_json(settings); },
                             [](const Shared<ServiceNames>& names) { return to_json(*names); },
                             [](const Shared<Unit>& unit) { return to_json(*unit); },
                             [](const PodIdentity& pod) { return to_json(pod); }},
                    value);
}

// A name with a slash or a space would let two items have one key.
bool is_plain(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '/';
  });
}

bool is_plain_service(const std::string& service) {
  const std::size_t slash = service.find('/');
  return slash != service.npos && is_plain(std::string_view(service).substr(0, slash)) &&
         is_plain(std::string_view(service).substr(slash + 1));
}

bool has_plain_names(const Item::Value& value) {
  return std::visit(
      Overload{[](const MeshSettings&) { return true; },
               [](const Shared<ServiceNames>& names) { return is_plain_service(names->service); },
               [](const Shared<Unit>& unit) { return is_plain_service(unit->service); },
               [](const PodIdentity& pod) { return is_plain(pod.address); }},
      value);
}

// `T` as an item's value, or why not.
template <class T>
Result<Item::Value> value_or_error(Result<T> read) {
  if (!read) return std::unexpected(read.error());
  return Item::Value(std::move(*read));
}
template <class T>
Result<Item::Value> shared_or_error(Result<T> read) {
  if (!read) return std::unexpected(read.error());
  return Item::Value(Shared<T>(std::move(*read)));
}

Result<Item::Value> read_value(std::string_view key, std::string_view json) {
  if (key == kSettings) return value_or_error(settings_from_json(json));
  if (key.starts_with(kService)) return shared_or_error(service_names_from_json(json));
  if (key.starts_with(kUnit)) return shared_or_error(unit_from_json(json));
  return value_or_error(pod_from_json(json));
}

std::unexpected<Error> bad(std::string_view key, const std::string& why) {
  return fail("item `" + std::string(key.substr(0, 200)) + "`: " + why);
}

}  // namespace

bool is_item_key(std::string_view key) {
  if (key.size() > kMaxItemKey) return false;
  const bool letters = std::ranges::all_of(
      key, [](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });
  return letters && (key == kSettings || key.starts_with(kService) || key.starts_with(kUnit) ||
                     key.starts_with(kPod));
}

bool is_local(std::string_view key) { return key.starts_with(kPod); }

Result<ItemPtr> make_item(Item::Value value) {
  auto item = std::make_shared<Item>();
  item->key = key_of(value);
  if (!has_plain_names(value) || item->key.size() > kMaxItemKey) {
    return fail("`" + json_escape(item->key) + "` has a name that cannot be distributed");
  }
  item->line.append(kSet).append(item->key).append(kValue).append(json_of(value)) += '}';
  if (item->line.size() > kMaxItemLine) return bad(item->key, "is too long to be distributed");
  item->hash = hash_of(item->line);
  item->value = std::move(value);
  return item;
}

Result<std::string> line_of(const Item& item) {
  if (!item.line.empty()) return item.line;
  auto again = make_item(item.value);
  if (!again) return std::unexpected(again.error());
  if ((*again)->hash != item.hash)
    return bad(item.key, "has fields that this program cannot write");
  return (*again)->line;
}

Result<ItemPtr> read_item(std::string_view line) {
  if (line.size() > kMaxItemLine) return fail("an item is too long");
  if (!line.starts_with(kSet) || !line.ends_with('}')) return fail("this is no item");
  const std::size_t end = line.find('"', kSet.size());
  if (end == line.npos || !line.substr(end).starts_with(kValue)) return fail("this is no item");
  auto item = std::make_shared<Item>();
  item->key = line.substr(kSet.size(), end - kSet.size());
  if (!is_item_key(item->key)) return bad(json_escape(item->key), "its kind is not known");
  const std::size_t begin = end + kValue.size();
  auto value = read_value(item->key, line.substr(begin, line.size() - begin - 1));
  if (!value) return bad(item->key, value.error().message);
  if (!has_plain_names(*value) || key_of(*value) != item->key) {
    return bad(item->key, "its value belongs to another key");
  }
  item->hash = hash_of(line);
  item->value = std::move(*value);
  return item;
}

}  // namespace smic::contract
