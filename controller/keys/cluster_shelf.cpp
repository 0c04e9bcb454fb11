// SPDX-License-Identifier: Apache-2.0
// The shelf in a cluster: a Secret and two ConfigMaps in our own namespace. Created if absent, and
// replaced with the resourceVersion that was read, so the API server says who was first.
// Tested by tests/unit/keys/cluster_shelf_test.cpp and, on a real API, tests/system.
#include <array>
#include <boost/json.hpp>

#include "controller/keys/shelf.h"

namespace smic::keys {
namespace {

namespace json = boost::json;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Of Secrets. What is no base64 is no text.
std::string decoded(std::string_view text) {
  std::string out;
  unsigned bits = 0, count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char letter : text) {
    const std::size_t digit = kAlphabet.find(letter);
    if (digit == kAlphabet.npos) return {};
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

struct Place {
  kube::Resource resource;
  const char* kind;
  const char* name;
};

Place place_of(Object object) {
  switch (object) {
    case Object::keys:
      return {{"", "v1", "secrets"}, "Secret", "smic-keys"};
    case Object::trust:
      return {{"", "v1", "configmaps"}, "ConfigMap", "smic-trust"};
    case Object::distribution:
      return {{"", "v1", "configmaps"}, "ConfigMap", "smic-distribution"};
  }
  return {};
}

Result<Kept> read_kept(const std::string& text, bool secret) {
  json::error_code error;
  const json::value document = json::parse(text, error);
  const json::object* root = document.if_object();
  if (error || root == nullptr) return fail("the API's answer is no object");
  const json::value* metadata = root->if_contains("metadata");
  const json::value* version = metadata && metadata->is_object()
                                   ? metadata->get_object().if_contains("resourceVersion")
                                   : nullptr;
  if (version == nullptr || !version->is_string()) return fail("an object without resourceVersion");
  Kept kept{.entries = {}, .version = std::string(version->get_string())};
  const json::value* data = root->if_contains("data");
  if (data == nullptr || !data->is_object()) return kept;
  for (const auto& entry : data->get_object()) {
    if (!entry.value().is_string()) continue;
    const std::string value(entry.value().get_string());
    kept.entries[std::string(entry.key())] = secret ? decoded(value) : value;
  }
  return kept;
}

class ClusterShelf final : public Shelf {
 public:
  ClusterShelf(kube::Client& client, std::string ns) : client_(client), ns_(std::move(ns)) {}

  Result<std::optional<Kept>> read(Object object) override {
    const Place place = place_of(object);
    const auto text = client_.get(place.resource.object(ns_, place.name));
    if (!text && text.error().fault == kube::Fault::not_found) return std::nullopt;
    if (!text) return std::unexpected(Error(text.error()));
    auto kept = read_kept(*text, object == Object::keys);
    if (!kept) return fail(kept, place.name);
    return std::optional(std::move(*kept));
  }

  Result<bool> write(Object object, const Entries& entries,
                     const std::optional<std::string>& version) override {
    const Place place = place_of(object);
    const std::string body = body_of(place, entries, version, object == Object::keys);
    const auto written = version ? client_.replace(place.resource.object(ns_, place.name), body)
                                 : client_.create(place.resource.collection(ns_), body);
    if (written) return true;
    const kube::Fault fault = written.error().fault;
    // Somebody made it, changed it or removed it since it was read.
    if (fault == kube::Fault::conflict || (version && fault == kube::Fault::not_found)) {
      return false;
    }
    return std::unexpected(Error(written.error()));
  }

 private:
  std::string body_of(const Place& place, const Entries& entries,
                      const std::optional<std::string>& version, bool secret) const {
    json::object metadata{{"name", place.name},
                          {"namespace", ns_},
                          {"labels", {{"app.kubernetes.io/part-of", "smic"}}}};
    if (version) metadata["resourceVersion"] = *version;
    json::object data;
    for (const auto& [name, text] : entries) data[name] = text;
    const json::value body = {{"apiVersion", "v1"},
                              {"kind", place.kind},
                              {"metadata", metadata},
                              {secret ? "stringData" : "data", data}};
    return json::serialize(body);
  }

  kube::Client& client_;
  const std::string ns_;
};

}  // namespace

std::shared_ptr<Shelf> cluster_shelf(kube::Client& client, std::string ns) {
  return std::make_shared<ClusterShelf>(client, std::move(ns));
}

}  // namespace smic::keys
