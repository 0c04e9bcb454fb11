// SPDX-License-Identifier: Apache-2.0
// The ring as it is kept. Boost.JSON's door in this folder; it stands alone so that no key is
// copied into more places than it must be.
#include <boost/json.hpp>

#include "controller/keys/ring.h"

namespace smic::keys {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxRingBytes = std::size_t{1} << 20;

json::value number(Time time) { return time.time_since_epoch().count(); }

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

Time time_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const std::int64_t* seconds = value == nullptr ? nullptr : value->if_int64();
  return Time(std::chrono::seconds(seconds == nullptr ? 0 : *seconds));
}

// Every object of a list; what else is in it makes the ring unreadable.
template <class Take>
bool each_in(const json::object& root, std::string_view name, Take take) {
  const json::value* value = root.if_contains(name);
  const json::array* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->empty()) return false;
  for (const json::value& each : *list) {
    if (!each.is_object() || !take(each.get_object())) return false;
  }
  return true;
}

}  // namespace

std::string to_json(const Ring& ring) {
  json::array authorities, signers;
  for (const Authority& each : ring.authorities) {
    authorities.push_back({{"certificate", each.certified.certificate},
                           {"key", each.certified.key},
                           {"from", number(each.from)}});
  }
  for (const Signer& each : ring.signers) {
    signers.push_back({{"key", each.key}, {"from", number(each.from)}});
  }
  const json::value root = {{"authorities", authorities}, {"signers", signers}};
  return json::serialize(root) + "\n";
}

Result<Ring> ring_from_json(std::string_view text) {
  if (text.size() > kMaxRingBytes) return fail("the key ring is too long");
  json::error_code error;
  const json::value document = json::parse(text, error);
  const json::object* root = document.if_object();
  if (error || root == nullptr) return fail("the key ring is no JSON object");
  Ring ring;
  const bool good =
      each_in(*root, "authorities",
              [&](const json::object& each) {
                ring.authorities.push_back(
                    {{text_in(each, "certificate"), text_in(each, "key")}, time_in(each, "from")});
                return end_of(ring.authorities.back().certified.certificate).has_value();
              }) &&
      each_in(*root, "signers", [&](const json::object& each) {
        ring.signers.push_back({text_in(each, "key"), time_in(each, "from")});
        return contract::SigningKey::from_pem(ring.signers.back().key).has_value();
      });
  if (!good) return fail("the key ring lacks a key, or one cannot be read");
  return ring;
}

}  // namespace smic::keys
